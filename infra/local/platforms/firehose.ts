/** Follows `com.atproto.sync.subscribeRepos`, decoded with the libraries that the PDS brings. */
import { z } from 'zod';

export type RecordChange =
  | {
      readonly kind: 'written';
      readonly uri: string;
      readonly did: string;
      readonly collection: string;
      readonly cid: string;
      readonly rev: string;
      readonly record: unknown;
    }
  | { readonly kind: 'deleted'; readonly uri: string }
  | { readonly kind: 'account-gone'; readonly did: string };

export interface FirehoseOptions {
  readonly origin: () => string | null;
  /** Sequence number of the last event that was applied. */
  readonly cursor: () => number;
  readonly apply: (seq: number, changes: readonly RecordChange[]) => void;
  readonly log: (line: string) => void;
}

const reconnectMs = 250;
const header = z.object({ op: z.int(), t: z.string().optional() });
const sequenced = z.object({ seq: z.int() });
const commitEvent = z.object({
  repo: z.string(),
  rev: z.string(),
  blocks: z.instanceof(Uint8Array),
  ops: z.array(z.object({ action: z.enum(['create', 'update', 'delete']), path: z.string(), cid: z.unknown() })),
});
const accountEvent = z.object({ did: z.string(), active: z.boolean(), status: z.string().optional() });

type Decoders = {
  readonly cbor: typeof import('@atproto/lex-cbor');
  readonly repo: typeof import('@atproto/repo');
  readonly json: typeof import('@atproto/lex-json');
};

/** Connects, and again whenever the connection ends, until stopped. Events are applied one after the other. */
export function followFirehose(options: FirehoseOptions): { stop(): void } {
  const state: { stopped: boolean; socket: WebSocket | null; timer: NodeJS.Timeout | null } = {
    stopped: false,
    socket: null,
    timer: null,
  };
  const again = (): void => {
    if (!state.stopped) state.timer = setTimeout(connect, reconnectMs);
  };
  let decoders: Promise<Decoders> | null = null;
  const connect = (): void => {
    const origin = options.origin();
    if (origin === null) {
      again();
      return;
    }
    decoders ??= loadDecoders();
    const url = `${origin.replace(/^http/, 'ws')}/xrpc/com.atproto.sync.subscribeRepos?cursor=${options.cursor()}`;
    const socket = new WebSocket(url);
    socket.binaryType = 'arraybuffer';
    state.socket = socket;
    let last = Promise.resolve();
    socket.addEventListener('message', (message) => {
      const loaded = decoders;
      if (!(message.data instanceof ArrayBuffer) || loaded === null) return;
      const frame = new Uint8Array(message.data);
      last = last
        .then(async () => {
          if (!state.stopped && state.socket === socket) await take(await loaded, frame, options);
        })
        .catch((error: unknown) => {
          // A gap would make wrong counts: begin again at the cursor.
          options.log(`event not applied: ${String(error)}`);
          socket.close();
        });
    });
    socket.addEventListener('close', again);
    socket.addEventListener('error', () => undefined);
  };
  connect();
  return {
    stop: () => {
      state.stopped = true;
      if (state.timer !== null) clearTimeout(state.timer);
      state.socket?.close();
    },
  };
}

async function loadDecoders(): Promise<Decoders> {
  const [cbor, repo, json] = await Promise.all([
    import('@atproto/lex-cbor'),
    import('@atproto/repo'),
    import('@atproto/lex-json'),
  ]);
  return { cbor, repo, json };
}

/** One frame is two CBOR items: a header with the event's name, and its body. */
async function take(decoders: Decoders, frame: Uint8Array, options: FirehoseOptions): Promise<void> {
  const [first, body] = [...decoders.cbor.decodeAll(frame)];
  const { op, t } = header.parse(first);
  if (op !== 1) throw new Error('the firehose sent an error frame');
  const known = sequenced.safeParse(body);
  if (!known.success || known.data.seq <= options.cursor()) return;
  options.apply(known.data.seq, await changesOf(decoders, t ?? '', body));
}

async function changesOf(decoders: Decoders, name: string, body: unknown): Promise<RecordChange[]> {
  if (name === '#account') {
    const { did, active, status } = accountEvent.parse(body);
    return !active && status === 'deleted' ? [{ kind: 'account-gone', did }] : [];
  }
  if (name !== '#commit') return [];
  const { repo, rev, blocks, ops } = commitEvent.parse(body);
  const records = new Map<string, unknown>();
  for (const [cid, bytes] of (await decoders.repo.readCar(blocks)).blocks) {
    records.set(cid.toString(), decoders.json.lexToJson(decoders.cbor.decode(bytes)));
  }
  return ops.map((op) => {
    const uri = `at://${repo}/${op.path}`;
    if (op.action === 'delete') return { kind: 'deleted', uri };
    const cid = String(op.cid);
    const collection = op.path.split('/')[0] ?? '';
    return { kind: 'written', uri, did: repo, collection, cid, rev, record: records.get(cid) ?? null };
  });
}
