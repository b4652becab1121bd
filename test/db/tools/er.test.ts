/** The pictures in sql/er show every table as it is, each in its area (npm run db -- er draws them). */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { areaNames, areaOf, areas } from '../../../infra/tools/er/areas.ts';
import { drawPictures } from '../../../infra/tools/er/draw.ts';
import { type Model, readModel } from '../../../infra/tools/er/model.ts';
import { sqlRunner } from '../../../infra/tools/sql-runner.ts';
import { type OpenDatabase, openDatabase } from '../database.ts';

let open: OpenDatabase;
let model: Model;

beforeAll(async () => {
  open = await openDatabase();
  model = await readModel(sqlRunner(open.target));
});
afterAll(() => open.close());

it('each table has one area', () => {
  expect(areaOf.size).toBe(Object.values(areas).flat().length);
});

it('are current, picture by picture', async () => {
  const pictures = await drawPictures(model);
  expect([...pictures.keys()]).toEqual(['overview.svg', ...areaNames.map((area) => `${area}.svg`)]);
  for (const [name, svg] of pictures) await expect(svg).toMatchFileSnapshot(`../../../sql/er/${name}`);
});

it('show every column of every table, and every reference but the common ones', async () => {
  const pictures = await drawPictures(model);
  for (const { name, columns } of model.tables) {
    const area = areaOf.get(name);
    if (area === undefined) continue;
    const svg = pictures.get(`${area}.svg`) ?? '';
    for (const column of columns) expect(svg, `${name}.${column.name}`).toContain(`>${column.name}</text>`);
    expect(pictures.get('overview.svg')).toContain(`>${name}</text>`);
  }
});

it('do not draw a table that nobody has given an area', async () => {
  const stray = { name: 'stray', columns: [], partitioned: false };
  await expect(drawPictures({ ...model, tables: [...model.tables, stray] })).rejects.toThrow('lacks stray');
});
