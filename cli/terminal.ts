/** One of the process's output streams. */
export interface Output {
  write(text: string): void;
  readonly colour: boolean;
  /** Columns; infinite for a file or a pipe. */
  readonly width: number;
}

/** What a command may know of the process it runs in. */
export interface Terminal {
  readonly out: Output;
  readonly err: Output;
  /** Of the program. */
  readonly version: string;
  /** Whether internal errors are shown with their stack. */
  readonly debug: boolean;
}
