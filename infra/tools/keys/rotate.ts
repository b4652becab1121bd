import { parseArgs } from 'node:util';
import { rotateKeys } from '../../../shared/auth/rotate-keys.ts';
import { LEAD_S, type Rotation } from '../../../shared/auth/signing-keys.ts';
import { type Command, print, setting } from '../command.ts';

export const ensure: Command = {
  usage: '',
  summary:
    'makes the first key where there is none, and mends what an interrupted rotation left; the schedule does it every hour',
  run: async (args) => {
    parseArgs({ args: [...args] });
    await change('due');
  },
};

export const rotate: Command = {
  usage: '[--compromised]',
  summary: `a new key beside the old: published now, signing in ${LEAD_S / 3600} hours, the old one verified until its last token has ended. --compromised: the keys are known to somebody; within five minutes a new one signs and tokens of the others are refused, clients refresh`,
  run: async (args) => {
    const { values } = parseArgs({ args: [...args], options: { compromised: { type: 'boolean' } } });
    await change(values.compromised === true ? 'compromised' : 'now');
  },
};

async function change(rotation: Rotation): Promise<void> {
  setting('SIGNING_KEYS_SECRET_ARN', 'VERIFICATION_KEYS_SECRET_ARN');
  const { added, signing, verifying } = await rotateKeys(rotation);
  const what = added === null ? 'no new key' : `new key ${added}`;
  print(`${what}; ${signing} kept for signing, ${verifying} published`);
}
