import { type Diagnostic, type Kind, Refusal, type Severity } from './diagnostic.js';

interface Entry<P> {
  readonly kind: Kind;
  readonly severity?: Severity;
  readonly message: (p: P) => string;
  readonly why: string | ((p: P) => string);
  readonly hint: string | ((p: P) => string);
}

const entry = <P>(e: Entry<P>): Entry<P> => e;

/**
 * Every message `bwc` can give, written once. Codes are stable and never used again for something else:
 * 1xx files, 2xx structure, 3xx options and methods, 4xx running, 5xx emitted graphs and calibration, 9xx our own mistakes.
 */
export const CATALOGUE = {
  BWC101: entry<{ path: string; reason: string }>({
    kind: 'user',
    message: p => `cannot read ${p.path}: ${p.reason}`,
    why: 'The file does not exist, is not a regular file, or may not be read.',
    hint: 'Check the path and its permissions.',
  }),
  BWC102: entry<{ path: string; offset: number; reason: string }>({
    kind: 'user',
    message: p => `${p.path} is not an ONNX model: ${p.reason} at byte ${p.offset}`,
    why: 'An ONNX file is a protobuf message of type ModelProto; these bytes cannot be read as one.',
    hint: 'Check that this is the .onnx file and not its weights, an archive or a pointer of Git LFS.',
  }),
  BWC103: entry<{ path: string; offset: number; needed: number; size: number }>({
    kind: 'user',
    message: p =>
      `${p.path} is truncated: byte ${p.offset} announces data up to ${p.needed}, the file has ${p.size} bytes`,
    why: 'The file ends before the model does, as after an interrupted copy or download.',
    hint: 'Fetch or export the model again and compare sizes.',
  }),
  BWC104: entry<{ path: string }>({
    kind: 'user',
    message: p => `${p.path} holds no graph, or one without nodes`,
    why: 'There is nothing to compile.',
    hint: 'Export the model again; an empty graph is usually a failed export.',
  }),
  BWC105: entry<{ path: string; tensor: string; location: string; reason: string }>({
    kind: 'user',
    message: p => `weights of ${p.tensor} are missing: ${p.location} ${p.reason}`,
    why: p => `${p.path} keeps its weights in other files, which must lie where it says.`,
    hint: 'Put the weights file beside the model, under the name the model gives.',
  }),
  BWC106: entry<{ path: string; reason: string }>({
    kind: 'user',
    message: p => `cannot write ${p.path}: ${p.reason}`,
    why: 'The folder does not exist, is not writable, or the disk is full. Nothing was written.',
    hint: 'Choose another output path.',
  }),
  BWC107: entry<{ path: string }>({
    kind: 'usage',
    message: p => `output and input are the same file: ${p.path}`,
    why: 'bwc never overwrites the model it reads.',
    hint: 'Give another path with -o.',
  }),
  BWC108: entry<{ path: string; reason: string }>({
    kind: 'user',
    message: p => `${p.path} is malformed: ${p.reason}`,
    why: 'The protobuf is readable, but what it says is not a valid ONNX graph.',
    hint: 'Run the ONNX checker on it, and export the model again.',
  }),
  BWC109: entry<{ path: string; bytes: number }>({
    kind: 'unsupported',
    message: p => `${p.path} would embed ${p.bytes} bytes, and an ONNX file holds less than 2 GiB`,
    why: 'No protobuf reader accepts a message of 2 GiB or more, and what is left lies in attributes or typed fields, which cannot leave the model.',
    hint: 'Save the original with external data first.',
  }),
  BWC110: entry<{ path: string; folder: string }>({
    kind: 'usage',
    message: p => `${p.path} would not find its weights: they lie in ${p.folder}`,
    why: 'An ONNX file names its weights relative to its own folder, and may not leave it.',
    hint: p => `Write into ${p.folder}, or pass --weights copy, link or embed.`,
  }),
  BWC111: entry<{ path: string; folder: string }>({
    kind: 'user',
    message: p => `cannot link ${p.path} into ${p.folder}`,
    why: 'Hard links and shared blocks need one file system that has them. Nothing was written.',
    hint: 'Pass --weights copy.',
  }),
  BWC112: entry<{ path: string }>({
    kind: 'user',
    message: p => `${p.path} exists and holds other weights`,
    why: 'Another model may need them. Nothing was written.',
    hint: 'Choose another folder, or move that file away.',
  }),
  BWC113: entry<{ path: string; location: string; tensor: string; recorded: string; found: string }>({
    kind: 'user',
    message: p =>
      `the weights in ${p.location} are not those that ${p.tensor} records: sha1 is ${p.found}, not ${p.recorded}`,
    why: p =>
      `${p.path} carries a checksum of its weights file, and the file has changed since or was damaged.`,
    hint: 'Fetch or export the weights again.',
  }),
  BWC114: entry<{ path: string; location: string; bytes: number; size: number }>({
    kind: 'user',
    severity: 'note',
    message: p => `${p.bytes} bytes of weights were written to ${p.location}, beside the model`,
    why: p =>
      `With its weights inside, ${p.path} would have ${p.size} bytes, and no protobuf reader accepts 2 GiB or more.`,
    hint: 'Keep both files in one folder.',
  }),
  BWC115: entry<{ path: string }>({
    kind: 'user',
    severity: 'note',
    message: p => `${p.path} records no checksum of weights`,
    why: 'Few exporters write one.',
    hint: 'Nothing to do; there was nothing to compare.',
  }),
  BWC120: entry<{ path: string; reason: string }>({
    kind: 'user',
    message: p => `${p.path} is no diff that can be applied: ${p.reason}`,
    why: 'bwc patch takes what bwc diff --json prints, with the weights it needs.',
    hint: 'Make it again with bwc diff A B --json; weights of more than 64 MiB together do not travel in it.',
  }),
  BWC121: entry<{ path: string; recorded: string; found: string }>({
    kind: 'user',
    message: p =>
      `the diff was not made from ${p.path}: it is for ${p.recorded.slice(0, 12)}, this is ${p.found.slice(0, 12)}`,
    why: 'A diff says what to do with one model, which it knows by its hash.',
    hint: 'Give the first of the two models that were compared.',
  }),
  BWC201: entry<{ found: string }>({
    kind: 'user',
    message: p => `no repeated transformer blocks found: ${p.found}`,
    why: 'Caching pays where the same kind of block is computed many times per step; this graph has no such run.',
    hint: 'Compile the denoising transformer itself; text encoders, decoders and UNets are not what bwc is for.',
  }),
  BWC202: entry<{ values: string }>({
    kind: 'unsupported',
    message: p => `the blocks cannot be cut out: ${p.values} leaves the region beside its streams`,
    why: 'Skipping the blocks would leave a reader without its value.',
    hint: 'Report the model; the plan needs one more boundary tensor than bwc can find.',
  }),
  BWC203: entry<{ role: string; port: string; candidates: string }>({
    kind: 'user',
    message: p => `cannot tell which ${p.port} is the ${p.role} (${p.port}s: ${p.candidates})`,
    why: 'The structure allows more than one reading, or none.',
    hint: p => `Name it with --${p.role}.`,
  }),
  BWC204: entry<{ value: string; what: string }>({
    kind: 'unsupported',
    message: p => `the ${p.what} of ${p.value} could not be derived`,
    why: 'The file declares no type for it, and an operator on the way is unknown to shape inference.',
    hint: "Run ONNX's shape inference on the model and compile the result.",
  }),
  BWC205: entry<{ name: string; reason: string }>({
    kind: 'unsupported',
    message: p => `cannot inline the model-local function ${p.name}: ${p.reason}`,
    why: 'Blocks are found in one flat graph.',
    hint: 'Inline the functions with the ONNX inliner and compile the result.',
  }),
  BWC206: entry<Record<never, never>>({
    kind: 'user',
    message: () => 'this model was already compiled by bwc',
    why: 'Compiling twice would cache the cache.',
    hint: 'Compile the original, or take the caching out with `bwc strip`.',
  }),
  BWC207: entry<Record<never, never>>({
    kind: 'user',
    message: () => 'this model was not compiled by bwc',
    why: 'Its metadata holds no manifest under bwc.manifest.',
    hint: 'Give a file that `bwc compile` wrote.',
  }),
  BWC209: entry<{ value: string }>({
    kind: 'unsupported',
    severity: 'note',
    message: p => `no residual can be taken at ${p.value}: the output is reused instead`,
    why: 'The stream that leaves the blocks there has another shape than the one that enters them.',
    hint: 'Nothing to do; --set reuse=output says the same.',
  }),
  BWC210: entry<{ opset: number }>({
    kind: 'unsupported',
    message: p => `opset ${p.opset} is too old`,
    why: 'bwc writes its own operators at opset 13 or later, and never changes the opset of a model.',
    hint: 'Export the model again at a newer opset.',
  }),
  BWC211: entry<{ inputs: string }>({
    kind: 'user',
    message: p => `a text model: none of its inputs (${p.inputs}) is a latent`,
    why: 'Its inputs are token numbers; a denoiser reads the picture, video or sound that it denoises.',
    hint: 'Compile the denoising transformer; text encoders run once per prompt and gain nothing.',
  }),
  BWC212: entry<{ output: string; input: string }>({
    kind: 'user',
    message: p =>
      `an encoder or classifier: ${p.output} has not the dimensions of ${p.input} or of any input`,
    why: 'A denoiser returns something shaped like what it reads, since the sampler subtracts one from the other.',
    hint: 'Compile the denoising transformer itself. If this is one, name its latent with --latent.',
  }),
  BWC213: entry<{ inputs: string }>({
    kind: 'user',
    message: p => `no input tells the step: none of ${p.inputs} is embedded by sines and cosines`,
    why: 'A model that is called once, as decoders are, has nothing to cache from step to step.',
    hint: 'If this is a denoiser, name its timestep with --timestep.',
  }),
  BWC214: entry<{ share: string; blocks: string }>({
    kind: 'user',
    message: p => `${p.blocks} make up only ${p.share} of a step`,
    why: 'Most of the work lies elsewhere, and skipping the blocks would save little.',
    hint: 'Compile the denoising transformer itself.',
  }),
  BWC215: entry<{ found: string }>({
    kind: 'user',
    message: p => `a UNet: ${p.found}`,
    why: 'A UNet works at several resolutions and joins them again; no run of its blocks can be skipped as one.',
    hint: 'Caching UNets is another method (DeepCache); bwc is for transformers.',
  }),
  BWC216: entry<{ inputs: string; output: string }>({
    kind: 'user',
    message: p =>
      `a language model: ${p.inputs} are token numbers, and ${p.output} scores each token there is`,
    why: 'It writes text word by word; a denoiser reads the picture, video or sound that it denoises.',
    hint: 'Compile the denoising transformer itself.',
  }),
  BWC217: entry<{ kind: string }>({
    kind: 'user',
    message: p => `only one transformer block found: ${p.kind}`,
    why: 'Caching pays where the same kind of block is computed many times per step.',
    hint: 'Compile the whole denoising transformer.',
  }),
  BWC218: entry<{ convolving: number; all: number }>({
    kind: 'user',
    message: p => `a convolutional model: ${p.convolving} of its ${p.all} residual updates are convolutions`,
    why: 'Autoencoders and upscalers look like this; they run once per picture and hold no run of transformer blocks.',
    hint: 'Compile the denoising transformer itself.',
  }),
  BWC221: entry<{ value: string }>({
    kind: 'user',
    message: p => `cannot tell on what grid the tokens of ${p.value} lie`,
    why: 'The method filters them along the axes of their picture or video, and the model takes them already put in a line.',
    hint: 'Say it with --set grid=ROWSxCOLUMNS (of tokens); the compiled model then serves that size only.',
  }),
  BWC222: entry<Record<never, never>>({
    kind: 'unsupported',
    message: () => 'the model has no timestep to tell how noisy its latent is',
    why: 'The filter of the method follows the noise, and takes it from the timestep.',
    hint: 'Name the timestep with --timestep, or choose a method that compares without a filter, such as teacache.',
  }),
  BWC223: entry<{ reason: string }>({
    kind: 'unsupported',
    message: p => `the batch cannot be halved: ${p.reason}`,
    why: 'The method runs the model for one half of the pairs of classifier-free guidance, so the batch must be open, first, and the same for all.',
    hint: 'Export the model with one symbolic batch for its inputs and outputs.',
  }),
  BWC224: entry<{ value: string }>({
    kind: 'user',
    message: p => `cannot tell which tokens of ${p.value} make a frame`,
    why: 'The method looks at the same tokens of every frame, and the model is of no video, or takes it already put in a line.',
    hint: 'Say it with --set grid=FRAMESxROWSxCOLUMNS (of tokens), or switch motion off with --set motion=no.',
  }),
  BWC225: entry<{ where: string }>({
    kind: 'unsupported',
    message: p => `attention cannot be taken apart in ${p.where}`,
    why: 'Only where the graph shows a product, a softmax and a product over the tokens of one sequence, with no mask between but one of keys, is it known what tokens give one another; a fused operator gives their sum.',
    hint: 'Export the model with attention in single operators, or choose a method that keeps attention whole, such as pab.',
  }),
  BWC241: entry<{ method: string; channels: number }>({
    kind: 'unsupported',
    message: p =>
      `${p.method} cannot be split into two models: its regions reuse at ${p.channels} different times`,
    why: 'One of the two models computes every region and the other reuses all; a step of this method may do some of each.',
    hint: 'Compile without --emit split, or set the method so that all regions reuse together.',
  }),
  BWC242: entry<{ compute: string; reuse: string }>({
    kind: 'user',
    message: p => `${p.reuse}, the reusing one of two models, cannot be stripped`,
    why: 'It holds neither the skipped blocks nor their weights.',
    hint: p => `Strip ${p.compute}.`,
  }),
  BWC243: entry<{ method: string }>({
    kind: 'user',
    message: p => `${p.method} reuses no step: there is nothing to split`,
    why: 'By its schedule every step is computed, which the original does by itself.',
    hint: 'Change the options of the method; bwc methods NAME lists them.',
  }),
  BWC301: entry<{ name: string; known: string }>({
    kind: 'usage',
    message: p => `unknown method ${p.name}`,
    why: p => `Known methods: ${p.known}.`,
    hint: 'See `bwc methods`.',
  }),
  BWC302: entry<{ method: string; name: string; known: string }>({
    kind: 'usage',
    message: p => `method ${p.method} has no option ${p.name}`,
    why: p => `Its options: ${p.known}.`,
    hint: p => `See \`bwc methods ${p.method}\`.`,
  }),
  BWC303: entry<{ name: string; value: string; reason: string }>({
    kind: 'usage',
    message: p => `option ${p.name}=${p.value}: ${p.reason}`,
    why: 'The value is outside what the option accepts.',
    hint: 'See `bwc methods NAME` for each option, its range and its default.',
  }),
  BWC304: entry<{ text: string }>({
    kind: 'usage',
    message: p => p.text,
    why: 'The command line could not be understood.',
    hint: 'See `bwc --help`.',
  }),
  BWC305: entry<{ steps: number }>({
    kind: 'usage',
    severity: 'note',
    message: p => `steps not given: compiled for ${p.steps}`,
    why: 'Reuse interval and tail are shares of the number of denoising steps.',
    hint: 'Pass --steps N, or feed the number of steps through the knobs input at run time.',
  }),
  BWC306: entry<{ method: string }>({
    kind: 'user',
    message: p => `${p.method} finds nothing to skip in this model with these options`,
    why: 'The regions that the method asks for are empty here.',
    hint: 'See `bwc inspect` for the blocks and branches of the model, and `bwc methods NAME` for the options.',
  }),
  BWC307: entry<{ region: string; value: string }>({
    kind: 'usage',
    message: p => `the probe depends on ${p.value}, which ${p.region} gives`,
    why: 'The method decides from a value that must be known before anything is skipped.',
    hint: 'Look at earlier blocks, or skip later ones.',
  }),
  BWC308: entry<{ method: string }>({
    kind: 'usage',
    message: p => `${p.method} needs a calibration of this model`,
    why: 'Its schedule follows from how the model was seen to change from step to step.',
    hint: 'Make one with bwc calibrate MODEL --profile FILE -o CALIBRATION, and give it with --calibration CALIBRATION.',
  }),
  BWC309: entry<{ path: string; reason: string }>({
    kind: 'usage',
    message: p => `${p.path} is no method: ${p.reason}`,
    why: 'A method file exports what defineMethod returns, or is JSON with regions and a decision.',
    hint: 'See docs/guides/own-method.md.',
  }),
  BWC310: entry<{ method: string; name: string; known: string }>({
    kind: 'usage',
    message: p => `${p.method} has no preset ${p.name}`,
    why: 'A preset is what the authors of a method published for one model.',
    hint: p => `Known presets: ${p.known}. Or set options with --set, or calibrate the model.`,
  }),
  BWC311: entry<{ method: string; names: string }>({
    kind: 'usage',
    severity: 'note',
    message: p => `${p.method} takes the settings published for ${p.names}`,
    why: 'The model has as many blocks, of the same width.',
    hint: 'Options given with --set come first. --preset none takes the method’s own defaults.',
  }),
  BWC312: entry<{ method: string; names: string }>({
    kind: 'usage',
    severity: 'note',
    message: p => `${p.method} has published settings for several models like this one: ${p.names}`,
    why: 'They have the same structure and different settings, so the method’s own defaults were taken.',
    hint: 'Say which one it is with --preset NAME.',
  }),
  BWC314: entry<{
    method: string;
    computed: number;
    steps: number;
    strip: string;
    promise: string;
    rejected: string;
  }>({
    kind: 'usage',
    severity: 'note',
    message: p => `${p.method} computes ${p.computed} of ${p.steps} steps: ${p.strip}`,
    why: p => `${p.promise} ${p.rejected}`.trim(),
    hint: 'bwc calibrate --refine N runs schedules for a speed-up of N and keeps the best; --set target=... asks for another.',
  }),
  BWC315: entry<{ from: number; steps: number; off: string }>({
    kind: 'usage',
    severity: 'note',
    message: p => `calibrated with ${p.from} steps, compiled for ${p.steps}`,
    why: p =>
      `What was measured is carried over by timestep, along straight lines. Lines over twice that distance miss the calibrated steps by ${p.off}.`,
    hint: p => `bwc calibrate --steps ${p.steps} measures it.`,
  }),
  BWC316: entry<{ method: string; steps: number }>({
    kind: 'usage',
    severity: 'note',
    message: p => `${p.steps} steps are few: ${p.method} has little to gain`,
    why: 'A model that was made for a few steps changes much from one to the next, and every reused step is seen in the result.',
    hint: 'Look at bwc bench before you use it. Methods that skip some blocks only, such as delta-dit, cost less quality.',
  }),
  BWC317: entry<{ reason: string }>({
    kind: 'usage',
    message: p => `no scale and shift can be fitted: ${p.reason}`,
    why: 'They are fitted to what each block was seen to give at this step and at the one that is reused, without extrapolation between.',
    hint: 'Calibrate with bwc calibrate --fits 4 and the steps that you compile for, or leave out adjust=yes.',
  }),
  BWC318: entry<{ reason: string }>({
    kind: 'usage',
    severity: 'note',
    message: p => `what is reused is not scaled and shifted: ${p.reason}`,
    why: 'The calibration has fits, and they do not apply.',
    hint: 'Calibrate with bwc calibrate --fits 4 and the steps that you compile for. adjust=no does without.',
  }),
  BWC319: entry<{ method: string }>({
    kind: 'usage',
    severity: 'note',
    message: p => `${p.method} takes no account of motion: the frames of this model are not known`,
    why: 'It is no model of videos, or its tokens do not tell which of them make a frame.',
    hint: 'Where it makes videos, say it with --set grid=FRAMESxROWSxCOLUMNS (of tokens). --set motion=no takes this note away.',
  }),
  BWC321: entry<{ language: string; name: string; type: string }>({
    kind: 'unsupported',
    message: p => `no ${p.language} client can be written: ${p.name} has type ${p.type}`,
    why: "ONNX Runtime's binding for that language has no such tensors.",
    hint: 'Export the model with inputs and outputs in float32 or float16, or write a client in another language.',
  }),
  BWC322: entry<Record<never, never>>({
    kind: 'user',
    message: () => 'no ts client can be written: the model was compiled with --state-defaults',
    why: "ONNX Runtime's JavaScript bindings ignore or refuse what is fed to an input that has a default, so nothing would ever be reused.",
    hint: 'Compile the original again without --state-defaults.',
  }),
  BWC331: entry<{ path: string; reason: string }>({
    kind: 'user',
    message: p => `pipeline ${p.path}: ${p.reason}`,
    why: 'A pipeline says which models to compile and what must hold for each.',
    hint: 'Compare with docs/schemas/bwc.ci.schema.json, which editors read as well.',
  }),
  BWC332: entry<{ path: string; reason: string }>({
    kind: 'user',
    message: p => `cannot merge ${p.path}: ${p.reason}`,
    why: 'The shards of one run hold each model of the pipeline once, and were made by one version.',
    hint: 'Run the shards that are missing and give all of their .json files.',
  }),
  BWC341: entry<{ model: string; gate: string; limit: string; found: string }>({
    kind: 'user',
    message: p => `${p.model} fails ${p.gate}: ${p.found}, must be ${p.limit}`,
    why: 'The pipeline sets this limit for a release.',
    hint: 'Look at what changed since the last release, choose other options of the method, or move the limit.',
  }),
  BWC351: entry<Record<never, never>>({
    kind: 'usage',
    message: () => '--emit split and --state-defaults exclude each other',
    why: 'Of two models the host chooses one at each step and keeps the state; a caller that feeds no state never reuses.',
    hint: 'Leave one of the two out.',
  }),
  BWC401: entry<{ reason: string }>({
    kind: 'user',
    message: p => `onnxruntime-node cannot be loaded: ${p.reason}`,
    why: 'Compiling needs no runtime, but verify, bench and calibrate run the models.',
    hint: 'Install it beside bwc: npm install onnxruntime-node --onnxruntime-node-install=skip',
  }),
  BWC402: entry<{ path: string; reason: string }>({
    kind: 'user',
    message: p => `run profile ${p.path}: ${p.reason}`,
    why: 'A run profile says how to drive a model: sampler, inputs, prediction, seeds.',
    hint: 'Compare with the schema in docs/run-profile.md.',
  }),
  BWC403: entry<{ path: string; reason: string }>({
    kind: 'user',
    message: p => `ONNX Runtime refuses ${p.path}: ${p.reason}`,
    why: 'The session could not be created or a run failed.',
    hint: 'Check that the original model runs, then report the case with both files.',
  }),
  BWC404: entry<{ model: string; reason: string }>({
    kind: 'user',
    message: p => `the run profile does not fit ${p.model}: ${p.reason}`,
    why: 'Every input of the model needs a role and a value, and the prediction must be one of its outputs.',
    hint: 'Compare with `bwc inspect MODEL`.',
  }),
  BWC405: entry<{ provider: string; reason: string }>({
    kind: 'user',
    message: p => `execution provider ${p.provider} is not available: ${p.reason}`,
    why: 'The installed onnxruntime-node does not bring it.',
    hint: 'See docs/guides/cuda.md for the CUDA provider.',
  }),
  BWC421: entry<{ reason: string }>({
    kind: 'user',
    message: p => `the saved state does not fit the model: ${p.reason}`,
    why: 'A state belongs to one compiled model: its tensors have the names, types and shapes of that manifest.',
    hint: 'Restore a state that this very model saved, or start from a fresh one; that costs a computed step.',
  }),
  BWC422: entry<{ path: string; reason: string }>({
    kind: 'user',
    message: p => `the worker thread that runs ${p.path} has ended: ${p.reason}`,
    why: 'The model was closed while it ran, or the thread ran out of memory or crashed; its states are lost.',
    hint: 'Open the model again, and close it only when no step is under way.',
  }),
  BWC431: entry<{ path: string; reason: string }>({
    kind: 'user',
    message: p => `${p.path} is not one of two models: ${p.reason}`,
    why: 'The manifest names a compute and a reuse model by their file names, in its own folder.',
    hint: 'Keep both models, their weights and the manifest together, under the names that bwc gave them.',
  }),
  BWC501: entry<{ check: string; detail: string }>({
    kind: 'user',
    message: p => `check failed: ${p.check}: ${p.detail}`,
    why: 'The compiled model does not do what it must.',
    hint: 'Report the case with both files and the command.',
  }),
  BWC502: entry<{ fusions: string; difference: string }>({
    kind: 'user',
    severity: 'note',
    message: p =>
      `ONNX Runtime fuses differently at its default level: ${p.fusions}; difference ${p.difference} of the output's norm`,
    why: 'A fused kernel rounds in another order. With optimisations off both models agree bit for bit.',
    hint: 'Nothing to do.',
  }),
  BWC511: entry<{ path: string; reason: string }>({
    kind: 'user',
    message: p => `${p.path} is no calibration: ${p.reason}`,
    why: 'A calibration is the JSON file that bwc calibrate writes (docs/schemas/bwc.calibration.schema.json).',
    hint: 'Make it again with bwc calibrate MODEL --profile FILE -o CALIBRATION.',
  }),
  BWC512: entry<{ path: string; version: string; known: string }>({
    kind: 'user',
    message: p => `${p.path} has version ${p.version} of the calibration format, not ${p.known}`,
    why: 'Numbers of another version may mean something else.',
    hint: 'Make it again with this version of bwc.',
  }),
  BWC513: entry<{ path: string; recorded: string; found: string }>({
    kind: 'user',
    message: p =>
      `${p.path} calibrates another model: ${p.recorded.slice(0, 12)}, this is ${p.found.slice(0, 12)}`,
    why: 'What was measured on one model says nothing of another, nor of the same one with other weights.',
    hint: 'Calibrate this model: bwc calibrate MODEL --profile FILE -o CALIBRATION.',
  }),
  BWC514: entry<{ first: string; second: string; reason: string }>({
    kind: 'user',
    message: p => `${p.first} and ${p.second} cannot be merged: ${p.reason}`,
    why: 'Shards are parts of one calibration: the same model, profile and steps, and seeds of their own.',
    hint: 'Run every shard with the same options but --shard.',
  }),
  BWC515: entry<{ seed: string }>({
    kind: 'user',
    message: p => `the model gives numbers that are not finite with seed ${p.seed}`,
    why: 'There is nothing to measure in a generation that breaks.',
    hint: 'Check the run profile: sampler, conditions and the scale of what is fed.',
  }),
  BWC503: entry<{ reason: string }>({
    kind: 'user',
    severity: 'note',
    message: p => `bits were compared in float32: ${p.reason}`,
    why: 'A provider without 16-bit kernels computes in float32 and rounds only where values meet other nodes, and the edges of a branch are such places.',
    hint: 'Nothing to do; on a provider that has the kernels the bits of the models themselves can be compared.',
  }),
  BWC901: entry<{ pass: string; invariant: string; reproducer: string }>({
    kind: 'bug',
    message: p => `pass ${p.pass} broke the graph: ${p.invariant}`,
    why: 'The verifier runs after every pass; this is a mistake in bwc, not in the model.',
    hint: p => `Please report it with ${p.reproducer}`,
  }),
  BWC902: entry<{ reason: string }>({
    kind: 'bug',
    message: p => `internal error: ${p.reason}`,
    why: 'This is a mistake in bwc, not in the model.',
    hint: 'Please report it with the command and the model.',
  }),
} as const;

export type Code = keyof typeof CATALOGUE;

type Params<C extends Code> = (typeof CATALOGUE)[C] extends Entry<infer P> ? P : never;

/** The diagnostic of a code, with its texts filled in; `at` points to the place in the graph. */
export function diagnostic<C extends Code>(code: C, params: Params<C>, at?: string): Diagnostic {
  // One entry takes exactly the parameters of its own code; the index signature of the union cannot say so.
  const e = CATALOGUE[code] as unknown as Entry<Params<C>>;
  const text = (t: string | ((p: Params<C>) => string)): string => (typeof t === 'string' ? t : t(params));
  const base = {
    code,
    severity: e.severity ?? ('error' as const),
    kind: e.kind,
    message: e.message(params),
    why: text(e.why),
    hint: text(e.hint),
  };
  return at === undefined ? base : { ...base, at };
}

/** Refuses with a catalogued error. */
export function refuse<C extends Code>(code: C, params: Params<C>, at?: string, cause?: unknown): never {
  throw new Refusal(diagnostic(code, params, at), cause);
}
