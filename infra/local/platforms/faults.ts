/**
 * Faults of the platforms' side: what a publisher meets when the network, the platform or its own process fails
 * between "request sent" and "answer stored". Armed by a control call, kept in memory, gone with the process.
 */
import { z } from 'zod';

export const platformName = z.enum(['mastodon', 'threads', 'bluesky']);
export type SimulatedPlatform = z.output<typeof platformName>;

/** `received`: before any effect. `applied`: the effect is durable, nothing answered. `answered`: the answer left. */
const moment = z.enum(['received', 'applied', 'answered']);
export type Moment = z.output<typeof moment>;

export const platformFault = z
  .strictObject({
    platform: platformName,
    /** Method and declared path, such as `POST /api/v1/statuses` or `GET /v1.0/{id}`; a final `*` matches any rest. */
    route: z.string().regex(/^[A-Z]+ \//),
    when: moment,
    /** `kill-host`: SIGKILL to `pid`, then the connection is cut. `hang`: never answers, keeps the connection. */
    action: z.enum(['kill-host', 'drop', 'status', 'delay', 'hang']),
    pid: z.int().positive().optional(),
    /** Processes that are killed with the host, such as its PostgreSQL. */
    alsoPids: z.array(z.int().positive()).optional(),
    delayMs: z.int().nonnegative().optional(),
    status: z.int().min(200).max(599).optional(),
    headers: z.record(z.string(), z.string()).optional(),
    body: z.unknown().optional(),
    /** Passes that go through before the fault strikes. */
    skip: z.int().nonnegative().default(0),
    times: z.int().positive().default(1),
  })
  .refine((fault) => fault.action !== 'kill-host' || fault.pid !== undefined, { error: 'kill-host needs a pid' })
  .refine((fault) => fault.action !== 'status' || fault.status !== undefined, { error: 'status needs a status' })
  .refine((fault) => fault.action !== 'delay' || fault.delayMs !== undefined, { error: 'delay needs delayMs' })
  .refine((fault) => fault.when !== 'answered' || fault.action === 'kill-host' || fault.action === 'drop', {
    error: 'after the answer only kill-host and drop make sense',
  });

export type PlatformFault = z.output<typeof platformFault>;
export type PlatformFaultInput = z.input<typeof platformFault>;

export type Struck =
  | { readonly kind: 'pass' }
  /** The connection must be cut. */
  | { readonly kind: 'cut' }
  /** The connection stays open and silent. */
  | { readonly kind: 'silence' }
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: unknown;
    };

export interface SeenRequest {
  readonly at: string;
  readonly platform: SimulatedPlatform;
  readonly route: string;
  /** Null when a fault struck before the request was handled. */
  readonly status: number | null;
  /** Head of a small JSON or form body, without tokens; null for anything else. */
  readonly request: string | null;
  /** Head of a JSON answer to such a body. */
  readonly answer: string | null;
}

export interface ArmedFault extends PlatformFault {
  readonly struck: number;
}

export interface PlatformFaults {
  arm(fault: PlatformFault): void;
  clear(): void;
  armed(): readonly ArmedFault[];
  reach(platform: SimulatedPlatform, route: string, when: Moment): Promise<Struck>;
  /** Notes a request for the judge; the newest 5000 are kept. */
  note(request: SeenRequest): void;
  seen(): readonly SeenRequest[];
}

interface Entry {
  readonly fault: PlatformFault;
  toSkip: number;
  struck: number;
}

const keptRequests = 5000;
const keptHead = 2000;

/** What a judge may see of a body. */
export function headOf(text: string): string {
  return text.slice(0, keptHead).replaceAll(/((?:access_token|client_secret)=)[^&]*/g, '$1…');
}

export function createPlatformFaults(): PlatformFaults {
  const entries: Entry[] = [];
  const requests: SeenRequest[] = [];
  return {
    arm: (fault) => {
      entries.push({ fault, toSkip: fault.skip, struck: 0 });
    },
    clear: () => {
      entries.length = 0;
      requests.length = 0;
    },
    armed: () => entries.map((entry) => ({ ...entry.fault, struck: entry.struck })),
    reach: async (platform, route, when) => {
      const entry = entries.find((candidate) => aims(candidate, platform, route, when));
      if (entry === undefined) return { kind: 'pass' };
      if (entry.toSkip > 0) {
        entry.toSkip -= 1;
        return { kind: 'pass' };
      }
      entry.struck += 1;
      return strike(entry.fault);
    },
    note: (request) => {
      requests.push(request);
      if (requests.length > keptRequests) requests.shift();
    },
    seen: () => requests,
  };
}

function aims(entry: Entry, platform: SimulatedPlatform, route: string, when: Moment): boolean {
  const { fault } = entry;
  if (fault.platform !== platform || fault.when !== when || entry.struck >= fault.times) return false;
  return fault.route.endsWith('*') ? route.startsWith(fault.route.slice(0, -1)) : fault.route === route;
}

async function strike(fault: PlatformFault): Promise<Struck> {
  switch (fault.action) {
    case 'kill-host':
      for (const pid of [...(fault.alsoPids ?? []), fault.pid]) kill(pid);
      return { kind: 'cut' };
    case 'drop':
      return { kind: 'cut' };
    case 'hang':
      return { kind: 'silence' };
    case 'delay':
      await new Promise((resolve) => setTimeout(resolve, fault.delayMs ?? 0));
      return { kind: 'pass' };
    case 'status':
      return {
        kind: 'answer',
        status: fault.status ?? 500,
        headers: fault.headers ?? {},
        body: fault.body ?? { error: 'Internal Server Error' },
      };
  }
}

function kill(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Already gone: another fault was quicker.
  }
}
