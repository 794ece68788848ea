export { type Analysis, analyse } from './analyse.js';
export type { Block, BlockGroup, BlockStream, Branch } from './blocks.js';
export { type Cost, costOf } from './cost.js';
export { type Explanation, explain } from './explain.js';
export { Flow } from './flow.js';
export { type BranchKind, formsOf, type Update } from './residuals.js';
export type { InputRole, Role, RoleHints, Roles } from './roles.js';
export { type Fold, foldOf, type Trait, traitsOf } from './traits.js';
