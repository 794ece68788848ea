export { CATALOGUE, type Code, diagnostic, refuse } from './catalogue.js';
export { type Diagnostic, exitCode, type Kind, Refusal, type Severity } from './diagnostic.js';
export { reasonOf } from './reason.js';
