/** The life of a file and of a clip: which state may follow which, whoever asks. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OpenDatabase, openDatabase } from './database.ts';
import { addMedia, addPerson, addRow, addTenant } from './seed.ts';

let open: OpenDatabase;
let projectId: string;

beforeAll(async () => {
  open = await openDatabase();
  const owner = await addPerson(open.sql, 'owner');
  projectId = (await addTenant(open.sql, owner.userId)).projectId;
});
afterAll(() => open.close());

const file = { kind: 'image', mime_type: 'image/png', width: 1, height: 1 };
const reason = { failure_code: 'broken', failure_reason: 'It is broken.' };

/** The SQLSTATE of what an update raises, or `ok`. */
async function change(table: string, id: string, columns: Readonly<Record<string, unknown>>): Promise<string> {
  const set = Object.keys(columns).map((name, index) => `${name} = $${index + 2}`);
  try {
    await open.sql(`update ${table} set ${set.join(', ')} where id = $1`, [id, ...Object.values(columns)]);
    return 'ok';
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'no SQLSTATE';
  }
}

describe('a medium', () => {
  const states = ['pending_upload', 'processing', 'ready', 'failed'] as const;
  const allowed = [
    'pending_upload processing',
    'pending_upload failed',
    'processing ready',
    'processing failed',
    'failed processing',
  ];
  const columnsOf = (status: string) => ({ status, ...file, ...(status === 'failed' && reason) });

  it.each(states.flatMap((from) => states.filter((to) => to !== from).map((to) => [from, to] as const)))(
    'from %s to %s',
    async (from, to) => {
      const declared = { file_name: 'a', declared_mime_type: 'image/png', declared_bytes: 1 };
      const id = await addRow(open.sql, 'media', {
        project_id: projectId,
        ...declared,
        upload_key: `${from}/${to}`,
        ...columnsOf(from),
      });
      const outcome = await change('media', id, columnsOf(to));
      expect(outcome).toBe(allowed.includes(`${from} ${to}`) ? 'ok' : 'PH003');
      const [row] = await open.sql('select status, failure_code from media where id = $1', [id]);
      expect(row).toMatchObject({ status: outcome === 'ok' ? to : from });
      if (outcome === 'ok' && to === 'processing') expect(row).toMatchObject({ failure_code: null });
    },
  );

  it('plays as long as its video, also when that is looked at again', async () => {
    const id = await addMedia(open.sql, projectId);
    const durationOf = async () =>
      (await open.sql('select duration_ms from media where id = $1', [id]))[0]?.duration_ms;
    expect(await durationOf()).toBe(1);
    await open.sql('update videos set duration_ms = 5000 where media_id = $1', [id]);
    expect(await durationOf()).toBe(5000);
  });

  it('of another system needs no upload here, nor a size that nobody told', async () => {
    const declared = { file_name: 'a', declared_mime_type: 'audio/mpeg', declared_bytes: 0, upload_key: null };
    const elsewhere = { provider: 'cloudinary', provider_key: 'x/y', source_url: 'https://cdn.example/x/y' };
    const row = { project_id: projectId, ...declared, ...elsewhere, status: 'ready', kind: 'gif' };
    const id = await addRow(open.sql, 'media', row);
    await expect(addRow(open.sql, 'media', { ...row, upload_key: 'ours' })).rejects.toThrow('media_ready_is_known');
    expect(await change('media', id, { deleted_at: new Date() })).toBe('ok');
  });
});

describe('a clip', () => {
  let videoId: string;
  let renderedId: string;
  beforeAll(async () => {
    videoId = await addMedia(open.sql, projectId);
    renderedId = await addMedia(open.sql, projectId);
    await open.sql('update videos set duration_ms = 10000 where media_id = $1', [videoId]);
  });
  const add = (columns: Readonly<Record<string, unknown>> = {}) =>
    addRow(open.sql, 'clips', { project_id: projectId, video_id: videoId, start_ms: 0, end_ms: 1000, ...columns });

  const states = ['suggested', 'rendering', 'ready', 'failed', 'discarded'] as const;
  const allowed = [
    'suggested rendering',
    'suggested discarded',
    'rendering ready',
    'rendering failed',
    'ready rendering',
    'ready discarded',
    'failed rendering',
    'failed discarded',
    'discarded suggested',
  ];
  const columnsOf = (status: string) => ({
    status,
    rendered_media_id: renderedId,
    ...(status === 'failed' && reason),
  });

  it.each(states.flatMap((from) => states.filter((to) => to !== from).map((to) => [from, to] as const)))(
    'from %s to %s',
    async (from, to) => {
      const id = await add(columnsOf(from));
      const outcome = await change('clips', id, columnsOf(to));
      expect(outcome).toBe(allowed.includes(`${from} ${to}`) ? 'ok' : 'PH007');
      const [row] = await open.sql('select status, failure_code from clips where id = $1', [id]);
      expect(row).toMatchObject({ status: outcome === 'ok' ? to : from });
      if (outcome === 'ok' && to !== 'failed') expect(row).toMatchObject({ failure_code: null });
    },
  );

  it('is ready only with the file that was made of it, and outlives that file', async () => {
    const id = await add({ status: 'rendering' });
    expect(await change('clips', id, { status: 'ready' })).toBe('PH007');
    await expect(add({ status: 'ready' })).rejects.toMatchObject({ code: 'PH007' });
    const made = await addMedia(open.sql, projectId);
    expect(await change('clips', id, { status: 'ready', rendered_media_id: made })).toBe('ok');
    await open.sql('delete from media where id = $1', [made]);
    const left = await open.sql('select project_id, rendered_media_id, status from clips where id = $1', [id]);
    expect(left).toEqual([{ project_id: projectId, rendered_media_id: null, status: 'ready' }]);
  });

  it('ends within its video', async () => {
    await expect(add({ end_ms: 10_001 })).rejects.toMatchObject({ code: '23514', constraint: 'clips_within_video' });
    const id = await add({ end_ms: 10_000 });
    expect(await change('clips', id, { end_ms: 10_001 })).toBe('23514');
    expect(await change('clips', id, { start_ms: 9_999 })).toBe('ok');
  });

  it('goes with its video', async () => {
    const video = await addMedia(open.sql, projectId);
    const id = await add({ video_id: video, end_ms: 1 });
    await open.sql('delete from media where id = $1', [video]);
    expect(await open.sql('select from clips where id = $1', [id])).toEqual([]);
  });
});
