"""Parses Triton configurations with Triton's own schema.

Standard input holds a JSON object of texts by name. Standard output gets what each says, as JSON. Needs protobuf and the package
tritonclient, of which only the schema is loaded.
"""

import importlib.util
import json
import sys
from pathlib import Path

from google.protobuf import json_format, text_format

package = importlib.util.find_spec("tritonclient")
path = Path(package.submodule_search_locations[0]) / "grpc/model_config_pb2.py"
spec = importlib.util.spec_from_file_location("model_config_pb2", path)
schema = importlib.util.module_from_spec(spec)
spec.loader.exec_module(schema)

json.dump(
    {
        name: json_format.MessageToDict(
            text_format.Parse(text, schema.ModelConfig()), preserving_proto_field_name=True
        )
        for name, text in json.load(sys.stdin).items()
    },
    sys.stdout,
)
