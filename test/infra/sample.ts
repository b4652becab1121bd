import type { Contract, EndpointContract, ScheduleContract, WorkerContract } from '../../functions/_kit/contract.ts';

type Sample<C extends Contract> = ((event: unknown) => Promise<unknown>) & { readonly contract: C };

/** A door without the kit: what infra reads of a real one is its contract alone. */
export function sampleDoor<C extends EndpointContract | WorkerContract | ScheduleContract>(
  contract: C,
  run: (event: unknown) => Promise<unknown> = () => Promise.resolve({ statusCode: 204 }),
): Sample<C> {
  return Object.assign((event: unknown) => run(event), { contract });
}
