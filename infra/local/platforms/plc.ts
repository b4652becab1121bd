/**
 * A PLC directory for the local PDS: operations are checked by the reference library (signature, order, recovery
 * rules) and kept; the public one at plc.directory is never asked.
 */
import { join } from 'node:path';
import { z } from 'zod';
import { type Answer, type Incoming, Refusal, type Route, type RunningServer, serve } from './http-server.ts';
import { openStore, type Store } from './store.ts';

type PlcLibrary = typeof import('@did-plc/lib');

const schema = `CREATE TABLE IF NOT EXISTS operations (seq INTEGER PRIMARY KEY AUTOINCREMENT, did TEXT NOT NULL,
  cid TEXT NOT NULL, operation TEXT NOT NULL, nullified INTEGER NOT NULL DEFAULT 0, created_ms INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS operations_did ON operations (did);`;

const operationRow = z.object({
  did: z.string(),
  cid: z.string(),
  operation: z.string(),
  nullified: z.number(),
  created_ms: z.number(),
});
type OperationRow = z.output<typeof operationRow>;

interface Plc {
  readonly store: Store;
  readonly library: PlcLibrary;
}

export interface RunningPlc extends RunningServer {
  reset(): void;
}

/** Rejects where `@did-plc/lib`, which the PDS brings, is not installed. */
export async function startPlc(options: {
  dataDir: string;
  port: number;
  log: (line: string) => void;
}): Promise<RunningPlc> {
  const library = await import('@did-plc/lib');
  const store = openStore(join(options.dataDir, 'plc.sqlite'), schema);
  const plc: Plc = { store, library };
  const server = await serve({
    routes: routesOf(plc),
    port: options.port,
    notFound: { status: 404, body: { message: 'Not Found' } },
    broken: { status: 500, body: { message: 'Internal Server Error' } },
    maxBodyBytes: 100_000,
    log: (line) => options.log(`plc: ${line}`),
  });
  const close = async (): Promise<void> => {
    await server.close();
    store.close();
  };
  return { ...server, close, reset: () => void store.run('DELETE FROM operations') };
}

function routesOf(plc: Plc): Route[] {
  return [
    { method: 'GET', path: '/_health', handle: () => ({ status: 200, body: { version: 'local' } }) },
    { method: 'POST', path: '/{did}', handle: (incoming) => submit(plc, incoming) },
    {
      method: 'GET',
      path: '/{did}',
      handle: async (incoming) => {
        const document = plc.library.formatDidDoc(await dataOf(plc, incoming));
        return { status: 200, headers: { 'content-type': 'application/did+ld+json' }, body: JSON.stringify(document) };
      },
    },
    {
      method: 'GET',
      path: '/{did}/data',
      handle: async (incoming) => ({ status: 200, body: await dataOf(plc, incoming) }),
    },
    {
      method: 'GET',
      path: '/{did}/log',
      handle: (incoming) => ({ status: 200, body: liveRows(plc, incoming).map((row) => JSON.parse(row.operation)) }),
    },
    {
      method: 'GET',
      path: '/{did}/log/last',
      handle: (incoming) => ({ status: 200, body: JSON.parse(liveRows(plc, incoming).at(-1)?.operation ?? '{}') }),
    },
    {
      method: 'GET',
      path: '/{did}/log/audit',
      handle: (incoming) => ({ status: 200, body: rowsOf(plc, didOf(incoming)).map(toAudit) }),
    },
  ];
}

async function submit(plc: Plc, incoming: Incoming): Promise<Answer> {
  const did = didOf(incoming);
  const earlier = await Promise.all(
    rowsOf(plc, did).map(async (row) => {
      const operation = parseOperation(plc, row.operation);
      const { cid } = await plc.library.getLastOpWithCid([operation]);
      return { did, operation, cid, nullified: row.nullified === 1, createdAt: new Date(row.created_ms) };
    }),
  );
  try {
    const proposed = parseOperation(plc, incoming.body.toString('utf8'));
    const { nullified } = await plc.library.assureValidNextOp(did, earlier, proposed);
    const { cid } = await plc.library.getLastOpWithCid([proposed]);
    plc.store.atomic(() => {
      for (const gone of nullified) plc.store.run('UPDATE operations SET nullified = 1 WHERE cid = ?', gone.toString());
      const sql = 'INSERT INTO operations (did, cid, operation, created_ms) VALUES (?, ?, ?, ?)';
      plc.store.run(sql, did, cid.toString(), JSON.stringify(proposed), Date.now());
    });
    return { status: 200, headers: { 'content-type': 'text/plain' }, body: 'OK' };
  } catch (error) {
    return { status: 400, body: { message: error instanceof Error ? error.message : 'Invalid operation' } };
  }
}

async function dataOf(plc: Plc, incoming: Incoming) {
  const did = didOf(incoming);
  const operations = liveRows(plc, incoming).map((row) => parseOperation(plc, row.operation));
  const data = await plc.library.validateOperationLog(did, operations);
  if (data === null) throw new Refusal({ status: 410, body: { message: `DID not available: ${did}` } });
  return data;
}

function parseOperation(plc: Plc, json: string) {
  return plc.library.def.compatibleOpOrTombstone.parse(JSON.parse(json));
}

function didOf(incoming: Incoming): string {
  const did = incoming.params.did ?? '';
  if (!/^did:plc:[a-z2-7]{24}$/.test(did)) {
    throw new Refusal({ status: 400, body: { message: `Not a valid did:plc: ${did}` } });
  }
  return did;
}

function rowsOf(plc: Plc, did: string): OperationRow[] {
  return plc.store.all(operationRow, 'SELECT * FROM operations WHERE did = ? ORDER BY seq', did);
}

function liveRows(plc: Plc, incoming: Incoming): OperationRow[] {
  const did = didOf(incoming);
  const rows = rowsOf(plc, did).filter((row) => row.nullified === 0);
  if (rows.length === 0) throw new Refusal({ status: 404, body: { message: `DID not registered: ${did}` } });
  return rows;
}

function toAudit(row: OperationRow): Record<string, unknown> {
  return {
    did: row.did,
    operation: JSON.parse(row.operation),
    cid: row.cid,
    nullified: row.nullified === 1,
    createdAt: new Date(row.created_ms).toISOString(),
  };
}
