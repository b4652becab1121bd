/** What exists while schemathesis calls: the ground of the matrix, brought back to how it was for each operation. */
import { createServer } from 'node:http';
import type { EndpointContract } from '../../functions/_kit/contract.ts';
import { endpointsOf } from '../../infra/local/functions.ts';
import { type Caller, callers, type Ground, openGround } from '../security/matrix/callers.ts';
import { classes, type Outcome, outcomeOf } from '../security/matrix/classes.ts';
import type { Row } from '../security/matrix/row.ts';
import { rows } from '../security/matrix/rows.ts';
import { type Sample, samplesOf } from '../support/samples.ts';
import type { World } from '../support/world.ts';

/** A request that the door takes. */
export interface Prepared {
  readonly token: string | null;
  readonly path: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
  /** A session names its project, which the schema cannot ask for: an API key brings its own. */
  readonly project: string;
}

export interface ContractGround {
  /** Answers `GET /<operation>` with a `Prepared`; everything is as at the start before. */
  readonly origin: string;
  readonly samples: Readonly<Record<string, Sample>>;
  /** Operations that let nobody of the matrix through: they need another party, and their own tests have it. */
  readonly unreachable: readonly string[];
  close(): Promise<void>;
}

const wanted: readonly Caller[] = [
  ...(['owner', 'admin', 'moderator', 'editor', 'approver', 'reviewer', 'viewer', 'stranger', 'nobody'] as const),
];

/** Who asks, where the owner’s own things stand in the way. */
const ASKING: Readonly<Record<string, Caller>> = { requestDeletion: 'stranger' };

export async function openContractGround(world: World): Promise<ContractGround> {
  // Invented requests must not leave the machine: that name has no address anywhere (RFC 6761).
  await world.sql(`update platforms set base_url = 'https://platform.invalid' where name <> 'community'`);
  const ground = await openGround(world);
  const samples = samplesOf(ground.seed);
  const contracts = new Map(endpointsOf(world.doors).map(({ operation, contract }) => [operation, contract]));
  const server = createServer(async (request, response) => {
    try {
      await ground.snapshot.restore();
      const operation = (request.url ?? '').slice(1);
      const prepared = await prepare(ground, operation, contracts.get(operation), samples[operation]);
      response.end(JSON.stringify(prepared));
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    origin: `http://127.0.0.1:${port}`,
    samples,
    unreachable: [...contracts].flatMap(([operation, contract]) => {
      const row = rows[operation];
      const open = row === undefined || callers.some((one) => expectedOf(contract, row, one) === 'ok');
      return open ? [] : [operation];
    }),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await ground.snapshot.close();
    },
  };
}

async function prepare(
  ground: Ground,
  operation: string,
  contract: EndpointContract | undefined,
  sample: Sample | undefined,
): Promise<Prepared> {
  const row = rows[operation];
  if (contract === undefined || row === undefined || sample === undefined) {
    return {
      token: ground.people.owner?.token ?? null,
      path: {},
      query: {},
      body: null,
      project: ground.seed.projectId,
    };
  }
  const caller = ASKING[operation] ?? wanted.find((one) => expectedOf(contract, row, one) === 'ok') ?? 'owner';
  // Secrets are not rows: where an invented request took one away, the sample is asked as it is.
  const cell = { ...ground, caller, expected: 'ok', sample } as const;
  const asked = (await Promise.resolve(row.ask?.(cell)).catch(() => undefined)) ?? sample;
  const { params = {}, query = {}, bodies = [null] } = asked;
  const token = ground.tokenOf(caller, contract) ?? null;
  return { token, path: params, query, body: bodies[0] ?? null, project: ground.seed.projectId };
}

function expectedOf(contract: EndpointContract, row: Row, caller: Caller): Outcome {
  return row.but?.[caller] ?? outcomeOf(contract, { ...classes[row.is], ...row.but }, caller);
}
