/** `npm run keys -- <command>`: the keys that sign access tokens, on AWS and on one machine alike. */
import { rotateKeys } from '../../shared/auth/rotate-keys.ts';
import { LEAD_S, type Rotation } from '../../shared/auth/signing-keys.ts';
import { explain } from './command.ts';

const usage = `usage: npm run keys -- <command>
  ensure
      makes the first key where there is none, and mends what an interrupted rotation left; the schedule does it every hour
  rotate
      a new key beside the old: published now, signing in ${LEAD_S / 3600} hours, the old one verified until its last token has ended
  rotate --compromised
      the keys are known to somebody: within five minutes a new one signs and tokens of the others are refused; clients refresh
Reads SIGNING_KEYS_SECRET_ARN and VERIFICATION_KEYS_SECRET_ARN (npm start prints them with --env).`;

const commands: Readonly<Record<string, Rotation>> = {
  ensure: 'due',
  rotate: 'now',
  'rotate --compromised': 'compromised',
};

async function main(args: readonly string[]): Promise<void> {
  const rotation = commands[args.join(' ')];
  if (rotation === undefined) throw new Error(usage);
  const { added, signing, verifying } = await rotateKeys(rotation);
  const what = added === null ? 'no new key' : `new key ${added}`;
  process.stdout.write(`${what}; ${signing} kept for signing, ${verifying} published\n`);
}

main(process.argv.slice(2)).then(
  () => process.exit(),
  (error: unknown) => {
    console.error(explain(error));
    process.exit(1);
  },
);
