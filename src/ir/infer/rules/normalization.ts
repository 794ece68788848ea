import type { DataType, Dim, Shape } from '../../types.js';
import { axisOf, type Rule, type Rules, type Site, tensor } from '../site.js';
import { like } from './elementwise.js';

/** Statistics are computed in float32 unless the input is float64 or `stash_type` says otherwise. */
const STATISTICS: DataType = 'float32';

/** Output like the input; then mean and inverse deviation, with the axes from `axis` on reduced to 1. */
function layer(axisDefault: number, outputs: readonly ('mean' | 'deviation')[]): Rule {
  return at => {
    const statistics = tensor(STATISTICS, reducedFrom(at, axisDefault));
    return [tensor(at.elem(0), at.shape(0)), ...outputs.map(() => statistics)];
  };
}

function reducedFrom(at: Site, axisDefault: number): Shape | undefined {
  const shape = at.shape(0);
  const axis = shape && axisOf(at.node.int('axis', axisDefault), shape.length);
  return axis === undefined ? undefined : shape?.map((d, i): Dim => (i < axis ? d : 1));
}

const batch: Rule = at => {
  const channels = tensor(at.elem(3) ?? at.elem(0), at.shape(3));
  return [tensor(at.elem(0), at.shape(0)), channels, channels, channels, channels];
};

/** com.microsoft: output, mean, inverse deviation, and the sum that was normalised. */
const skip: Rule = at => {
  const out = tensor(at.elem(0), at.shape(0));
  const shape = at.shape(0);
  const statistics = tensor(
    STATISTICS,
    shape?.map((d, i): Dim => (i < shape.length - 1 ? d : 1)),
  );
  return [out, statistics, statistics, out];
};

export const normalization: Rules = {
  LayerNormalization: layer(-1, ['mean', 'deviation']),
  RMSNormalization: layer(-1, ['deviation']),
  SimplifiedLayerNormalization: layer(-1, ['deviation']),
  InstanceNormalization: like,
  GroupNormalization: like,
  BatchNormalization: batch,
  'com.microsoft::LayerNormalization': layer(-1, ['mean', 'deviation']),
  'com.microsoft::SimplifiedLayerNormalization': layer(-1, ['deviation']),
  'com.microsoft::SkipLayerNormalization': skip,
  'com.microsoft::SkipSimplifiedLayerNormalization': skip,
  'com.microsoft::SkipGroupNorm': at => {
    const out = tensor(at.elem(0), at.shape(0));
    return [out, out];
  },
};
