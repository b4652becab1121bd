/** Requests per second of create-post and list-posts through the local host, beside the least that each part of the way costs. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type BareServer, startBareServer } from './bare-server.ts';
import { callsBetween, type HostProcess, startHostProcess, sumOf } from './host-process.ts';
import { createCaller, type Reply, type Wanted } from './http.ts';
import { CALLERS, type Load, load } from './load.ts';
import { type Person, registerPerson } from './person.ts';
import { arrangePosts } from './rows.ts';
import { aloneThroughSdk } from './sdk-alone.ts';
import { type Cell, printTable, say } from './table.ts';

const SECONDS = 3;
const POSTS = 1_000;
const PAGE = 20;
const FAR = '2099-01-01T12:00:00Z';

interface Measured {
  readonly load: Load;
  readonly dataApiCalls: number;
  readonly bare: Load;
}

type Call = (wanted: Wanted) => Promise<Reply>;

export async function benchRequests(): Promise<void> {
  const host = await startHostProcess({ platforms: false });
  const caller = createCaller(CALLERS);
  try {
    const person = await registerPerson(host.origin);
    const { accountId } = await arrangePosts(host.pool, person.projectId, POSTS);
    const post = (schedule: unknown) => ({
      method: 'POST',
      url: `${host.origin}/v1/posts`,
      headers: { authorization: `Bearer ${person.accessToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ projectId: person.projectId, text: 'Hello', schedule, publications: [{ accountId }] }),
    });
    // The list first: what is created afterwards would make it longer than it says.
    const list = await measure(host, caller.call, {
      method: 'GET',
      url: `${host.origin}/v1/posts?projectId=${person.projectId}&limit=${PAGE}`,
      headers: { authorization: `Bearer ${person.accessToken}` },
    });
    const select = await bareSelect(host, person);
    const draft = await measure(host, caller.call, post({ type: 'draft' }));
    const far = await measure(host, caller.call, post({ type: 'at', at: FAR }));
    const insert = await bareInsert(host, person);
    const sdk = await aloneThroughSdk(host, { ...person, accountId, limit: PAGE, seconds: SECONDS });
    report({ list, draft, far, select, insert, sdk });
  } finally {
    caller.close();
    await host.stop();
  }
}

/** The route, and a bare server that answers its very bytes. */
async function measure(host: HostProcess, call: Call, wanted: Wanted): Promise<Measured> {
  const answered = async (to: Wanted) => {
    const reply = await call(to);
    if (reply.status >= 300) throw new Error(`${wanted.method} ${to.url} answered ${reply.status}: ${reply.body}`);
    return reply;
  };
  const same = await answered(wanted);
  const before = await host.dataApiCalls();
  let requests = 0;
  const own = await load(SECONDS, () => {
    requests += 1;
    return answered(wanted);
  });
  const dataApiCalls = sumOf(callsBetween(before, await host.dataApiCalls())) / requests;
  const server = await serverOf(same);
  try {
    const url = new URL(new URL(wanted.url).pathname, server.origin).href;
    await sleep(200);
    return { load: own, dataApiCalls, bare: await load(SECONDS, () => answered({ ...wanted, url })) };
  } finally {
    await server.stop();
  }
}

function serverOf({ status, headers, body }: Reply): Promise<BareServer> {
  const kept = Object.entries(headers).flatMap(([name, value]) =>
    typeof value === 'string' && !['connection', 'keep-alive', 'transfer-encoding', 'content-length'].includes(name)
      ? [[name, value] as const]
      : [],
  );
  return startBareServer({ status, body, headers: Object.fromEntries(kept) });
}

function bareSelect({ pool }: HostProcess, { projectId }: Person): Promise<Load> {
  return load(SECONDS, async () => {
    const { rows } = await pool.query({
      name: 'bench-select',
      text: 'select * from posts where project_id = $1 and deleted_at is null order by id desc limit $2',
      values: [projectId, PAGE],
    });
    if (rows.length !== PAGE) throw new Error(`the bare select gave ${rows.length} rows`);
  });
}

function bareInsert({ pool }: HostProcess, { projectId, id }: Person): Promise<Load> {
  return load(SECONDS, () =>
    pool.query({
      name: 'bench-insert',
      text: `insert into posts (project_id, created_by, text, schedule_type) values ($1, $2, 'Hello', 'draft') returning *`,
      values: [projectId, id],
    }),
  );
}

interface Results {
  readonly list: Measured;
  readonly draft: Measured;
  readonly far: Measured;
  readonly select: Load;
  readonly insert: Load;
  readonly sdk: { readonly select: Load; readonly insert: Load };
}

function report({ list, draft, far, select, insert, sdk }: Results): void {
  const row = (name: string, { perS, p50Ms, p99Ms }: Load, more: readonly Cell[]): Cell[] => [
    name,
    perS,
    p50Ms,
    p99Ms,
    ...more,
  ];
  const route = (name: string, measured: Measured, sql: Load, alone: Load): Cell[] =>
    row(name, measured.load, [
      measured.dataApiCalls,
      measured.load.perS / measured.bare.perS,
      measured.load.perS / sql.perS,
      (measured.load.perS * measured.dataApiCalls) / alone.perS,
    ]);
  const none = [null, null, null, null];
  printTable(
    `requests: ${CALLERS} callers in a closed loop, ${SECONDS} s each`,
    ['what', 'per s', 'p50 ms', 'p99 ms', 'Data API calls', ': bare HTTP', ': bare SQL', 'calls : SDK alone'],
    [
      route('create-post, draft', draft, insert, sdk.insert),
      route('create-post, due far ahead', far, insert, sdk.insert),
      route(`list-posts, ${PAGE} of ${POSTS}`, list, select, sdk.select),
      row('bare HTTP server, bytes of create-post', draft.bare, none),
      row('bare HTTP server, bytes of list-posts', list.bare, none),
      row('bare INSERT of a post over pg', insert, none),
      row(`bare SELECT of ${PAGE} posts over pg`, select, none),
      row('ExecuteStatement of create-post, nothing behind', sdk.insert, none),
      row('ExecuteStatement of list-posts, nothing behind', sdk.select, none),
    ],
  );
  say('": x" is the share of that baseline\'s rate; "calls : SDK alone" compares Data API calls per second.');
}
