/** `npm run db -- er`: the pictures of sql/er, from the live catalogue. */
import { mkdir, writeFile } from 'node:fs/promises';
import { type Command, print } from '../command.ts';
import { sqlRunner } from '../sql-runner.ts';
import { drawPictures } from './draw.ts';
import { readModel } from './model.ts';

const pictureFolder = new URL('../../../sql/er/', import.meta.url);

export const er: Command = {
  usage: '',
  summary: 'draws the tables of each area into sql/er',
  run: async (_args, database) => {
    const pictures = await drawPictures(await readModel(sqlRunner((await database()).target)));
    await mkdir(pictureFolder, { recursive: true });
    for (const [name, svg] of pictures) await writeFile(new URL(name, pictureFolder), svg);
    print(`${pictures.size} pictures in sql/er`);
  },
};
