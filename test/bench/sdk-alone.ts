/** The very ExecuteStatement that a door sends, by the real SDK client, to a server that answers its answer at once. */
import { ExecuteStatementCommand, type ExecuteStatementCommandInput, RDSDataClient } from '@aws-sdk/client-rds-data';
import { decodeJwt } from 'jose';
import { clusterArn, databaseName, region, sdkCredentials } from '../../infra/local/environment.ts';
import { encode, encodeArray, json, type Parameter } from '../../shared/db/parameters.ts';
import type { Statement } from '../../shared/db/statement.ts';
import { listPosts } from '../../shared/posts/list-queries.ts';
import { insertPost } from '../../shared/posts/queries.ts';
import { startBareServer } from './bare-server.ts';
import type { HostProcess } from './host-process.ts';
import { createCaller } from './http.ts';
import { type Load, load } from './load.ts';

export interface Asked {
  readonly accessToken: string;
  readonly projectId: string;
  readonly accountId: string;
  readonly limit: number;
  readonly seconds: number;
}

export async function aloneThroughSdk(host: HostProcess, asked: Asked): Promise<{ select: Load; insert: Load }> {
  const { projectId, limit, accountId } = asked;
  const nothing = { dueAt: null, wallTime: null, timeZone: null, externalId: null };
  return {
    select: await alone(host, asked, listPosts, {
      ...{ projectId, limit, accountId: null, createdBy: null, status: null },
      ...{ externalId: null, updatedSince: null, before: null },
    }),
    insert: await alone(host, asked, insertPost, {
      ...{ projectId, ...nothing, text: 'Hello', scheduleType: 'draft', metadata: json({}), media: json([]) },
      publications: json([{ accountId, options: {} }]),
    }),
  };
}

async function alone<A extends Record<string, Parameter>>(
  host: HostProcess,
  asked: Asked,
  statement: Pick<Statement<A, never>, 'name' | 'text' | 'keys'>,
  args: A,
): Promise<Load> {
  const input = inputOf(host, asked, statement, args);
  const server = await startBareServer({
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: await answerOf(host, input),
  });
  const client = new RDSDataClient({ endpoint: server.origin, region, credentials: sdkCredentials, maxAttempts: 1 });
  try {
    return await load(asked.seconds, async () => {
      const { records } = await client.send(new ExecuteStatementCommand(input));
      if (records?.[0]?.[0]?.stringValue === undefined) throw new Error('the answer holds no rows');
    });
  } finally {
    client.destroy();
    await server.stop();
  }
}

function inputOf<A extends Record<string, Parameter>>(
  { secrets }: HostProcess,
  { accessToken }: Asked,
  { name, text, keys }: Pick<Statement<A, never>, 'name' | 'text' | 'keys'>,
  args: A,
): ExecuteStatementCommandInput {
  const { sub, sid } = decodeJwt<{ sid: string }>(accessToken);
  const call = { kind: 'actor', userId: sub, sessionId: sid, statement: name, requestId: 'bench' };
  return {
    resourceArn: clusterArn,
    secretArn: secrets.databaseApi,
    database: databaseName,
    sql: 'select part from app.run(:call::jsonb, :statement, :parameters::text[]) as part',
    parameters: [
      { name: 'call', value: { stringValue: JSON.stringify(call) } },
      { name: 'statement', value: { stringValue: text } },
      { name: 'parameters', value: { stringValue: encodeArray(keys.map((key) => encode(args[key] ?? null))) } },
    ],
  };
}

/** The bytes that the Data API answers. */
async function answerOf({ ports }: HostProcess, input: ExecuteStatementCommandInput): Promise<string> {
  const caller = createCaller(1);
  const { status, body } = await caller.call({
    method: 'POST',
    url: `http://127.0.0.1:${ports.aws}/Execute`,
    headers: { 'content-type': 'application/json', authorization: `AWS4-HMAC-SHA256 Credential=bench` },
    body: JSON.stringify(input),
  });
  caller.close();
  if (status !== 200) throw new Error(`the Data API answered ${status}: ${body}`);
  return body;
}
