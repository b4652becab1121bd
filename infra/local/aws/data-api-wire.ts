/** One round trip of PostgreSQL's extended protocol with explicit parameter types, which `pg`'s own queries do not offer. */
import { connect } from 'node:net';
import type pg from 'pg';
import { z } from 'zod';
import type { Bound } from './data-api-parameters.ts';

/** The documented limits; larger rows have been seen to pass, which nobody may rely on. */
const largestRowBytes = 64 * 1024;
const largestResultBytes = 1024 * 1024;
const byteaOid = 17;

export type Row = readonly (string | null)[];

export interface WireResult {
  /** Null for a statement that returns no rows. */
  readonly fields: readonly pg.FieldDef[] | null;
  readonly rows: readonly Row[];
  /** PostgreSQL's command tag, such as `UPDATE 3`. */
  readonly tag: string;
  /** The result is over a limit; its rows were dropped. */
  readonly excess: 'row' | 'result' | null;
}

/** What `pg` asks of an object that is given to `client.query`. */
interface Conversation extends pg.Submittable {
  handleRowDescription(message: { fields: pg.FieldDef[] }): void;
  handleDataRow(message: { length: number; fields: (string | null)[] }): void;
  handleCommandComplete(message: { text: string }): void;
  handleReadyForQuery(): void;
  handleError(error: unknown): void;
  handleEmptyQuery(): void;
  handlePortalSuspended(): void;
}

/**
 * Runs the statement once per set of values, all before one Sync: outside a transaction either all of them are
 * committed when this resolves, or none. Rejects with what `pg` reports.
 */
export function converse(client: pg.PoolClient, text: string, sets: readonly Bound[]): Promise<WireResult> {
  return new Promise((resolve, reject) => {
    let fields: pg.FieldDef[] | null = null;
    let rows: (string | null)[][] = [];
    let tag = '';
    let bytes = 0;
    let excess: WireResult['excess'] = null;
    const conversation: Conversation = {
      submit: (connection) => submit(wire(connection), text, sets),
      handleRowDescription: (message) => {
        fields = message.fields;
      },
      handleDataRow: (message) => {
        const size = rowBytes(message, fields);
        bytes += size;
        if (size > largestRowBytes) excess = 'row';
        if (bytes > largestResultBytes) excess ??= 'result';
        if (excess === null) rows.push(message.fields);
        else rows = [];
      },
      handleCommandComplete: (message) => {
        tag = message.text;
      },
      handleReadyForQuery: () => resolve({ fields, rows, tag, excess }),
      handleError: reject,
      handleEmptyQuery: () => {},
      handlePortalSuspended: () => {},
    };
    client.query(conversation);
  });
}

/** Asks the server to end what the connection is doing. Resolves when the server has taken the request. */
export async function cancel(client: pg.PoolClient): Promise<void> {
  const { processID, secretKey } = z.object({ processID: z.number(), secretKey: z.number() }).parse(client);
  const request = Buffer.alloc(16);
  request.writeInt32BE(16, 0);
  request.writeInt32BE(80_877_102, 4);
  request.writeInt32BE(processID, 8);
  request.writeInt32BE(secretKey, 12);
  await new Promise<void>((resolve) => {
    const socket = connect(client.port, client.host, () => socket.end(request));
    socket.once('error', () => resolve());
    socket.once('close', () => resolve());
    socket.resume();
  });
}

/** Number of the connection's server process. */
export function processIdOf(client: pg.PoolClient): number {
  return z.object({ processID: z.number() }).parse(client).processID;
}

interface Wire {
  readonly stream: { cork(): void; uncork(): void };
  parse(message: { text: string; types: readonly number[] }): void;
  bind(message: { values: readonly (string | Buffer | null)[] }): void;
  describe(message: { type: 'P' }): void;
  execute(message: object): void;
  sync(): void;
}

/** `pg`'s connection as it is; its published types have the parameter types as strings. */
function wire(connection: unknown): Wire {
  return connection as Wire;
}

function submit(connection: Wire, text: string, sets: readonly Bound[]): void {
  connection.stream.cork();
  try {
    for (const { oids, values } of sets) {
      connection.parse({ text, types: oids });
      connection.bind({ values });
      connection.describe({ type: 'P' });
      connection.execute({});
    }
    connection.sync();
  } finally {
    connection.stream.uncork();
  }
}

/** Bytes of the row's values; the message has 6 bytes of frame and 4 per value. */
function rowBytes(message: { length: number; fields: Row }, fields: readonly pg.FieldDef[] | null): number {
  let bytes = message.length - 6 - 4 * message.fields.length;
  fields?.forEach((field, index) => {
    // `\x` and two digits a byte.
    if (field.dataTypeID === byteaOid) bytes -= Math.ceil((message.fields[index]?.length ?? 0) / 2) + 1;
  });
  return bytes;
}
