/** Whose problem it is: the caller's words, the caller's model, something we cannot do yet, or a mistake of ours. */
export type Kind = 'usage' | 'user' | 'unsupported' | 'bug';

export type Severity = 'error' | 'warning' | 'note';

/** One message: what happened, why, and what to do about it. */
export interface Diagnostic {
  /** Stable: `BWC` and three digits. */
  readonly code: string;
  readonly severity: Severity;
  readonly kind: Kind;
  readonly message: string;
  readonly why: string;
  readonly hint: string;
  /** Path to the place in the graph: `graph › node › branch`. */
  readonly at?: string;
}

/** Thrown to refuse: carries one diagnostic of severity error. */
export class Refusal extends Error {
  readonly diagnostic: Diagnostic;

  constructor(diagnostic: Diagnostic, cause?: unknown) {
    super(`${diagnostic.code}: ${diagnostic.message}`, cause === undefined ? undefined : { cause });
    this.name = 'Refusal';
    this.diagnostic = diagnostic;
  }
}

/** Process exit code for a diagnostic: 1 refused, 2 wrong usage, 70 our mistake (sysexits EX_SOFTWARE). */
export function exitCode(diagnostic: Diagnostic): 1 | 2 | 70 {
  if (diagnostic.kind === 'usage') return 2;
  return diagnostic.kind === 'bug' ? 70 : 1;
}
