/** What people see comes in one order, whichever way the database takes to the rows. */
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OpenDatabase, openDatabase } from './database.ts';
import { addMedia, addPerson, addPost, addRow, addTenant } from './seed.ts';

const ways = [
  'set enable_seqscan = off',
  'set enable_indexscan = off; set enable_indexonlyscan = off; set enable_bitmapscan = off',
  'set enable_nestloop = off; set enable_mergejoin = off; set enable_sort = off; set enable_indexscan = off',
  'set enable_hashjoin = off; set enable_hashagg = off; set enable_mergejoin = off; set work_mem = 64',
];

let open: OpenDatabase;
let client: pg.Client;

beforeAll(async () => {
  open = await openDatabase();
  client = await open.login('api');
});
afterAll(() => open.close());

describe.each(ways)('after `%s`', (way) => {
  it('the files of a post are named alike', async () => {
    const { userId } = await addPerson(open.sql, 'ada');
    const { projectId } = await addTenant(open.sql, userId);
    const mediaId = await addMedia(open.sql, projectId);
    for (const name of ['preview', 'original', 'poster'])
      await open.sql(
        `insert into media_renditions (media_id, project_id, name, object_key, mime_type, bytes, width, height, sha256)
         values ($1, $2, $3, 'k', 'image/jpeg', 1, 1, 1, 'x')`,
        [mediaId, projectId, name],
      );
    const postId = await addPost(open.sql, projectId);
    await addRow(open.sql, 'post_media', { project_id: projectId, post_id: postId, media_id: mediaId, position: 0 });
    const owner = await open.database.connect();
    await owner.query(way);
    const { rows } = await owner.query(
      `select jsonb_path_query_array(app.media_of($1, $2, null), '$[*].renditions[*].name') as names`,
      [projectId, postId],
    );
    await owner.end();
    expect(rows).toEqual([{ names: ['original', 'poster', 'preview', 'thumb'] }]);
  });

  it('an administrator finds all who have a part in common, in their order', async () => {
    const admin = await addPerson(open.sql, 'admin');
    await open.sql("update users set role = 'admin' where id = $1", [admin.userId]);
    await open.sql('delete from users where email like $1', ['crowd%']);
    await open.sql(
      `insert into users (email, password_hash, display_name)
       select 'crowd' || (949 + n) || '@example.com', 'x', 'Somebody' from generate_series(1, 1050) n`,
    );
    await client.query(`reset all; ${way}`);
    const { rows } = await client.query<{ part: string }>(
      'select part from app.run($1::jsonb, $2, $3::text[]) as part',
      [
        JSON.stringify({ kind: 'actor', ...admin }),
        `select array(select u.email from app.find_users('rowd', null, null, 'email', null, 2000) u) as emails`,
        [],
      ],
    );
    const emails = Array.from({ length: 1_050 }, (_, index) => `crowd${950 + index}@example.com`).sort();
    expect(JSON.parse(rows.map(({ part }) => part).join(''))).toEqual({ emails });
  });
});
