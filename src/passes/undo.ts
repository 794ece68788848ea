import { z } from 'zod';

/** Key in `metadata_props` of what `bwc strip` needs beside the graph itself. */
export const UNDO_KEY = 'bwc.undo';

/** How to take the rewrite back. */
export const undoSchema = z.object({
  version: z.literal(1),
  /** Names of the `If` nodes that gate the regions. */
  gates: z.array(z.string()),
  /** Outputs that a gate took the name of: name inside to name of the output. */
  renamed: z.record(z.string(), z.string()),
  /** Shapes that are read of another value: name of the shape to name of the value in the original. */
  reread: z.record(z.string(), z.string()),
  /** Copied constants: name of the copy to name of the original. */
  copies: z.record(z.string(), z.string()),
  /** The batch's symbol where it is cut, for which another stands inside. */
  batch: z.string().optional(),
});

export type Undo = z.infer<typeof undoSchema>;
