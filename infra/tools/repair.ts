/** `npm run db -- repair`: counters that `verify` found to differ are set to what is there. */
import { type Command, print } from './command.ts';
import { type RunSql, sqlRunner } from './sql-runner.ts';

const COUNTERS = `select r.kind || ' ' || r.id || ': ' || r.counter || ' was ' || r.stored || ', is ' || r.actual as line
  from app.repair_counters() r order by 1`;
const HASHTAGS = `select '#' || r.tag || ': was ' || r.counted || ', is ' || r.actual as line from app.repair_hashtag_counts() r order by 1`;

export const repair: Command = {
  usage: '',
  summary: 'sets counters right that differ from what they count, and names each',
  run: async (_args, database) => {
    const lines = await repairCounters(sqlRunner((await database()).target));
    for (const line of lines) print(line);
    print(lines.length === 0 ? 'every counter was right' : `${lines.length} counters were set right`);
  },
};

/** A line for each counter that was wrong. Safe while people write: what they do meanwhile is counted as always. */
export async function repairCounters(run: RunSql): Promise<string[]> {
  const lines: string[] = [];
  for (const statement of [COUNTERS, HASHTAGS]) {
    const rows = await run(statement);
    lines.push(...rows.map(({ line }) => String(line)));
  }
  return lines;
}
