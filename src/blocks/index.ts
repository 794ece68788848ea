export { type Analysis, analyse } from './analyse.js';
export type { Block, BlockGroup, BlockStream, Branch } from './blocks.js';
export { Flow } from './flow.js';
export type { BranchKind, Update } from './residuals.js';
export type { Role, RoleHints, Roles } from './roles.js';
