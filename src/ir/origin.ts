/**
 * What a reader remembers of the bytes an object came from, so that what nobody changed is written back
 * byte for byte. Only the reader and writer that made it know what is inside.
 */
export interface Origin {
  readonly origin: string;
}
