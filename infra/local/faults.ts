/**
 * Fault injection of the local host. Every wire endpoint passes named points (`data-api:leaseDue:before`,
 * `sqs:SendMessageBatch:after`); a test arms a fault there by the control call. Nothing in the product knows of it.
 */

export interface Fault {
  /** Exact point, or a prefix that ends in `*`. */
  readonly point: string;
  /** `kill`: SIGKILL to this process. `error`: the endpoint answers `error`. `drop`: the effect stays, the answer is lost. */
  readonly action: 'kill' | 'error' | 'delay' | 'drop';
  /** Processes that `kill` ends just before this one, such as PostgreSQL's. */
  readonly alsoPids?: readonly number[];
  /** Name of the service's error, such as `DatabaseResumingException`. */
  readonly error?: string;
  readonly delayMs?: number;
  /** Passes that go through before the fault fires. Default 0. */
  readonly skip?: number;
  /** Times it fires. Default 1. */
  readonly times?: number;
}

export type Struck = { readonly action: 'error'; readonly error: string } | { readonly action: 'drop' } | null;

export interface Faults {
  arm(fault: Fault): void;
  /** Disarms all, or those of one point and action. */
  clear(only?: Pick<Fault, 'point' | 'action'>): void;
  /** Points passed since the start, with their counts: what a test can aim at. */
  seen(): ReadonlyMap<string, number>;
  /** Called by an endpoint at a named point; obeys what is armed there. */
  reach(point: string): Promise<Struck>;
}

interface Armed {
  readonly fault: Fault;
  toSkip: number;
  left: number;
}

export function createFaults(kill: (alsoPids: readonly number[]) => void = killThisProcess): Faults {
  let armed: Armed[] = [];
  const points = new Map<string, number>();

  async function reach(point: string): Promise<Struck> {
    points.set(point, (points.get(point) ?? 0) + 1);
    const hit = armed.find((entry) => entry.left > 0 && matches(entry.fault.point, point));
    if (hit === undefined) return null;
    if (hit.toSkip > 0) {
      hit.toSkip -= 1;
      return null;
    }
    hit.left -= 1;
    return strike(hit.fault, kill);
  }

  return {
    arm: (fault) => {
      armed.push({ fault, toSkip: fault.skip ?? 0, left: fault.times ?? 1 });
    },
    clear: (only) => {
      armed = only === undefined ? [] : armed.filter(({ fault }) => !isSame(fault, only));
    },
    seen: () => points,
    reach,
  };
}

async function strike(fault: Fault, kill: (alsoPids: readonly number[]) => void): Promise<Struck> {
  switch (fault.action) {
    case 'kill':
      kill(fault.alsoPids ?? []);
      return null;
    case 'delay':
      await new Promise((resolve) => setTimeout(resolve, fault.delayMs ?? 0));
      return null;
    case 'error':
      return { action: 'error', error: fault.error ?? 'InternalServerErrorException' };
    case 'drop':
      return { action: 'drop' };
  }
}

function matches(pattern: string, point: string): boolean {
  return pattern.endsWith('*') ? point.startsWith(pattern.slice(0, -1)) : pattern === point;
}

function isSame(fault: Fault, only: Pick<Fault, 'point' | 'action'>): boolean {
  return fault.point === only.point && fault.action === only.action;
}

function killThisProcess(alsoPids: readonly number[]): void {
  for (const pid of alsoPids) process.kill(pid, 'SIGKILL');
  process.kill(process.pid, 'SIGKILL');
}
