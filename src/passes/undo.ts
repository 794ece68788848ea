import { z } from 'zod';

/** Key in `metadata_props` of what `bwc strip` needs beside the graph itself. */
export const UNDO_KEY = 'bwc.undo';

/** How to take the rewrite back. */
export const undoSchema = z.object({
  version: z.literal(1),
  /** Name of the `If` that gates the region. */
  gate: z.string(),
  /** Copied constants: name of the copy to name of the original. */
  copies: z.record(z.string(), z.string()),
});

export type Undo = z.infer<typeof undoSchema>;
