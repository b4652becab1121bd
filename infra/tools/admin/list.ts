import { parseArgs } from 'node:util';
import { type Command, print } from '../command.ts';
import { sqlRunner } from '../sql-runner.ts';

const ADMINS = `select email || '  ' || display_name || '  ' || case
      when status <> 'active' then status
      when password_hash is null then 'has no password yet'
      when last_login_at is null then 'has not logged in yet'
      else 'last login ' || to_char(last_login_at at time zone 'UTC', 'YYYY-MM-DD') end as line
    from users where role = 'admin' and deleted_at is null order by id`;

export const list: Command = {
  usage: '',
  summary: 'lists the administrators',
  run: async (args, database) => {
    parseArgs({ args: [...args] });
    const rows = await sqlRunner((await database()).target)(ADMINS);
    for (const { line } of rows) print(String(line));
    if (rows.length === 0) print('there is none yet: npm run admin -- create --email <address>');
  },
};
