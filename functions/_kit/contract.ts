import type { z } from 'zod';
import type { Scope } from '../../shared/auth/scopes.ts';
import type { ErrorCode } from '../../shared/errors.ts';
import type { AnswerField } from './answer-fields.ts';

/** What a function may touch. The CDK stack grants exactly this, and sets exactly the variables that go with it. */
export interface Uses {
  /** The database role whose secret the function may read. */
  readonly database?: 'api' | 'worker';
  /** `media` holds uploads and renditions. */
  readonly bucket?: readonly BucketAccess[];
  /** May write, read and clear away archived partitions. */
  readonly archive?: true;
  /** Queues the function may send to. */
  readonly queues?: readonly QueueName[];
  readonly secrets?: readonly SecretName[];
  /** Secrets that the function may read and put a new value into. */
  readonly rotates?: readonly SecretName[];
  /** May send mail through SES. */
  readonly mail?: true;
}

/** Exports of accounts lie in a folder of their own: who looks after media does not reach them. */
export type BucketAccess =
  | 'presign-upload'
  | 'read'
  | 'write'
  | 'delete'
  | 'read-exports'
  | 'write-exports'
  | 'delete-exports';
export type QueueName = 'publish' | 'media' | 'metrics' | 'export';
/** `signingKeys`: private JWKs that sign access tokens. `verificationKeys`: their public halves.
 *  `cursorKey`: signs the cursors of lists. `tokenKeys`: AES-256 keys that seal the accounts' platform tokens. `platformApps`: client ids and secrets of the platforms. */
export type SecretName = 'signingKeys' | 'verificationKeys' | 'cursorKey' | 'tokenKeys' | 'platformApps';

/** Classes of doors that are counted apart; how many requests each allows stands in the table rate_limits. */
const rateClasses = ['read', 'write', 'login', 'mail', 'upload', 'heavy'] as const;
export type RateClass = (typeof rateClasses)[number];

interface Deployment {
  /** MiB. Default 512. */
  readonly memory?: number;
  /** Seconds. Default 29 for an endpoint, 60 for the others. */
  readonly timeout?: number;
  /** MiB under the temporary folder. Default 512, Lambda's own. */
  readonly storageMiB?: number;
  /** Native packages that come from the Lambda layer instead of the bundle. */
  readonly native?: readonly ('sharp' | 'node-av')[];
  /** Files of npm packages that are copied beside the bundle: name beside the bundle → module specifier. */
  readonly assets?: Readonly<Record<string, string>>;
  readonly uses: Uses;
}

export interface EndpointContract extends Deployment {
  readonly kind: 'endpoint';
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | '$default';
  /** Route with `{name}` parameters; `$default` for the door behind all others. */
  readonly path: string;
  /**
   * `user`: a person's session, or an API key that has the scope. `optional`: with one of these or without. `person`: a
   * session alone, since what is the person's own, or hands out rights, is no program's. `public`: anybody. `page`: anybody
   * who holds the unguessable path.
   */
  readonly auth: 'user' | 'optional' | 'person' | 'public' | 'page';
  readonly scope?: Scope;
  /** The session must have proven itself in the last ten minutes. With `when`, only for some of its requests: its statement asks. */
  readonly stepUp?: true | { readonly when: string };
  readonly summary: string;
  readonly description?: string;
  readonly tag?: string;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** Status of success. */
  readonly status: 200 | 201 | 202 | 204 | 302;
  /** JSON body of success; absent with `content` or status 204. */
  readonly response?: z.ZodType;
  /** Media type of a body that is not JSON; several where the answer's own header says which. */
  readonly content?: string | readonly [string, ...string[]];
  /** Such a body may be kept by callers and asked for again by its tag; its door says for how long by `cache-control`. */
  readonly cached?: true;
  /** Header fields that its success may carry besides those that come with every answer of its kind. */
  readonly fields?: readonly Extract<AnswerField, 'content-disposition' | 'link' | 'set-cookie'>[];
  readonly errors: readonly ErrorCode[];
  /** Of what follows rules that its shape does not tell; others have an example by their shapes (`openapi-examples.ts`). */
  readonly example?: { readonly body?: unknown; readonly response?: unknown };
  /** The answer holds a secret: it is never stored, a repeated Idempotency-Key gets 409 `already_done`. */
  readonly secretAnswer?: true;
  /** The body holds a password: what is kept of it for an Idempotency-Key must be as slow to guess as the password's own hash. */
  readonly secretBody?: true;
  /** Largest request body in bytes. Default 1 MiB, 16 KiB where nobody signs in. */
  readonly maxBody?: number;
  /** Class under which its requests are counted. Default: `read` for GET, else `write`. */
  readonly rate?: RateClass;
  /**
   * Path of what was made, for the Location field: `{post.id}` is a field of the answer, `{projectId}` one of it or a parameter
   * of the path. Where the answer has no such field there is no Location. Only where a GET takes it from who made it.
   */
  readonly location?: string;
  /** A GET that uses something up, which is asked for once: it has no HEAD, which looks ahead (RFC 9110, section 9.2.1). */
  readonly once?: true;
  /** Takes If-Match: its statement gets `expectedVersion` and answers the outcome `stale`. */
  readonly ifMatch?: true;
  /** Requests per second that the gateway lets through to all callers together, where no database counts them. */
  readonly throttle?: { readonly ratePerS: number; readonly burst: number };
}

/** What goes with `auth` in a door's declaration: a door that takes API keys says for which scope. */
export type Admission<Auth extends EndpointContract['auth']> = Auth extends 'user' | 'optional'
  ? { readonly scope: Scope; readonly stepUp?: never }
  : Auth extends 'person'
    ? { readonly scope?: never }
    : { readonly scope?: never; readonly stepUp?: never };

export interface WorkerContract extends Deployment {
  readonly kind: 'worker';
  readonly queue: QueueName;
  /** Most messages of one invocation. */
  readonly batch: number;
  /** Seconds that Lambda may wait to fill a batch. Default 0. */
  readonly window?: number;
  /** Receives before a message goes to the dead-letter queue. Default 5. */
  readonly maxReceives?: number;
  readonly summary: string;
  /** Shape of one message's JSON body. */
  readonly message: z.ZodType;
  /** Object keys under this prefix of the media bucket send their `ObjectCreated` event to the queue. */
  readonly prefix?: string;
}

export interface ScheduleContract extends Deployment {
  readonly kind: 'schedule';
  /** Minutes between two ticks. */
  readonly everyMinutes: number;
  readonly summary: string;
}

export type Contract = EndpointContract | WorkerContract | ScheduleContract;
