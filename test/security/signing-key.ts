/** The key that the world's own tokens are signed with, for making tokens that are wrong in one thing alone. */
import { z } from 'zod';
import type { World } from '../support/world.ts';

const keysFile = z.object({
  secrets: z.array(z.object({ name: z.string(), versions: z.array(z.object({ value: z.string() })) })),
});

export function signingKey(world: World) {
  const { secrets } = keysFile.parse(JSON.parse(world.database.server.secrets));
  const text = secrets.find(({ name }) => name === 'posthaste/signingKeys')?.versions[0]?.value ?? 'null';
  const shape = z.object({ keys: z.array(z.looseObject({ kid: z.string(), kty: z.string(), x: z.string() })) });
  const [key] = shape.parse(JSON.parse(text)).keys;
  if (key === undefined) throw new Error('there is no signing key');
  return key;
}
