/** Who may do what, once for each class of doors. */
import type { EndpointContract } from '../../../functions/_kit/contract.ts';
import { type Caller, isKey } from './callers.ts';

/** Status and code of the problem. */
export type Refusal = readonly [status: number, code: string];
/** `ok`: the declared success, of a list at least one item. `empty`: a list without items. */
export type Outcome = 'ok' | 'empty' | Refusal;
/** What a class says of people; of keys it follows. */
type Outcomes = Readonly<Record<Exclude<Caller, `${string}Key` | 'unproven'>, Outcome>>;

const unknown: Refusal = [401, 'unauthenticated'];
const forbidden: Refusal = [403, 'forbidden'];
const missing: Refusal = [404, 'not_found'];

const notAlive = { deactivated: unknown, expired: unknown, signedOut: unknown };
const everybody = {
  nobody: 'ok',
  stranger: 'ok',
  viewer: 'ok',
  reviewer: 'ok',
  approver: 'ok',
  editor: 'ok',
  owner: 'ok',
  onlooker: 'ok',
  moderator: 'ok',
  admin: 'ok',
  deactivated: 'ok',
  expired: 'ok',
  signedOut: 'ok',
} as const satisfies Outcomes;
const everybodyAlive = { ...everybody, ...notAlive };
const people = { ...everybodyAlive, nobody: unknown };

/** What a member's role allows; staff of the installation has no part in projects. */
function inProject(elsewhere: Outcome, refused: readonly Caller[]): Outcomes {
  return {
    ...people,
    stranger: elsewhere,
    moderator: elsewhere,
    admin: elsewhere,
    ...Object.fromEntries(refused.map((caller) => [caller, forbidden])),
  };
}

export const classes = {
  /** Takes no token, and does not look at one. */
  public: everybody,
  /** Shows everybody the same, but not to a token that is not good. */
  open: everybodyAlive,
  /** About the caller, whoever that is. */
  self: people,
  /** A thing of the owner's own: nobody else knows of it. */
  personal: {
    ...people,
    stranger: missing,
    viewer: missing,
    reviewer: missing,
    approver: missing,
    editor: missing,
    onlooker: missing,
    moderator: missing,
    admin: missing,
  },
  /** A list of such things: everybody else has none. */
  personalList: {
    ...people,
    stranger: 'empty',
    viewer: 'empty',
    reviewer: 'empty',
    approver: 'empty',
    editor: 'empty',
    onlooker: 'empty',
    moderator: 'empty',
    admin: 'empty',
  },
  /** For administrators of the installation; to others the door leads nowhere. */
  admin: {
    ...people,
    stranger: missing,
    viewer: missing,
    reviewer: missing,
    approver: missing,
    editor: missing,
    owner: missing,
    onlooker: missing,
    moderator: missing,
  },
  projectList: inProject('empty', []),
  projectRead: inProject(missing, []),
  projectReview: inProject(missing, ['viewer', 'onlooker']),
  projectApprove: inProject(missing, ['viewer', 'reviewer', 'editor', 'onlooker']),
  projectWrite: inProject(missing, ['viewer', 'reviewer', 'approver', 'onlooker']),
  projectManage: inProject(missing, ['viewer', 'reviewer', 'approver', 'editor', 'onlooker']),
  /** A community post for its project alone, which those who moderate see too. */
  communityPost: { ...inProject(missing, []), moderator: 'ok', admin: 'ok' },
  communityShown: { ...inProject(missing, []), nobody: missing, moderator: 'ok', admin: 'ok' },
} as const satisfies Readonly<Record<string, Outcomes>>;
export type ClassName = keyof typeof classes;

const alike = { unproven: 'owner', ownersKey: 'owner', viewersKey: 'viewer', foreignKey: 'stranger' } as const;

/** What the caller gets at a door of the class: a key what its creator gets, cut down to its project and its scopes. */
export function outcomeOf(contract: EndpointContract, outcomes: Outcomes, caller: Caller): Outcome {
  if (contract.auth === 'public' || contract.auth === 'page') return 'ok';
  if (caller === 'unproven' && contract.stepUp === true) return [403, 'step_up_needed'];
  if (isKey(caller) && contract.auth === 'person') return [403, 'session_needed'];
  switch (caller) {
    case 'unproven':
    case 'ownersKey':
    case 'viewersKey':
    case 'foreignKey':
      return outcomes[alike[caller]];
    case 'unscopedKey':
      return [403, 'scope_missing'];
    case 'revokedKey':
    case 'expiredKey':
    case 'orphanedKey':
      return unknown;
    default:
      return outcomes[caller];
  }
}
