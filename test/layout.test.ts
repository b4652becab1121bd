/** The house: which folders there are, how files are named after what they hold, and how large they may grow. */
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { type Door, listDoors } from '../infra/doors.ts';
import { endpointsOf } from '../infra/local/functions.ts';
import { deriveOpenApi } from '../infra/tools/openapi.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const topFolders = ['functions', 'infra', 'shared', 'sql', 'test'];
/** Not ours to name, or not committed. */
const besides = ['.ci', '.data', '.git', 'cdk.out', 'dist', 'node_modules'];
const vagueNames = ['utils', 'util', 'helpers', 'helper', 'types', 'common', 'misc', 'lib'];
/** A test file is a list: it may be longer than what a reader must hold in mind at once. */
const maxLines = { door: 120, other: 400, test: 800 };

/**
 * Doors whose own test file has another name, with the file that calls them. All others have
 * `test/api/<area>/<name>.test.ts`, or for workers and schedules `test/workers/<name>.test.ts`.
 */
const testedIn: Readonly<Record<string, string>> = {
  getAccount: 'test/api/accounts/connect-account.test.ts',
  listAccounts: 'test/api/accounts/connect-account.test.ts',
  ...together('test/api/projects/members.test.ts', [
    'listMembers',
    'getMember',
    'changeMember',
    'removeMember',
    'leaveProject',
    'transferProject',
  ]),
  ...together('test/api/invitations/invitations.test.ts', [
    'createInvitation',
    'listInvitations',
    'getInvitation',
    'resendInvitation',
    'revokeInvitation',
    'readInvitation',
    'showInvitation',
    'acceptInvitation',
    'declineInvitation',
  ]),
  ...together('test/api/api-keys/api-keys.test.ts', [
    'createApiKey',
    'listApiKeys',
    'getApiKey',
    'changeApiKey',
    'rotateApiKey',
    'revokeApiKey',
  ]),
  ...together('test/api/media/media.test.ts', ['createMedia', 'getMedia', 'listMedia', 'deleteMedia']),
  ...together('test/api/audit/audit.test.ts', [
    'listAudit',
    'revealAudit',
    'exportAuditCsv',
    'exportAuditNdjson',
    'verifyAudit',
    'verifyProjectAudit',
  ]),
  ...together('test/api/admin/settings.test.ts', [
    'getSettings',
    'updateSettings',
    'createUserInvitation',
    'listUserInvitations',
    'resendUserInvitation',
    'revokeUserInvitation',
    'showJoin',
  ]),
  ...together('test/api/admin/platforms.test.ts', [
    'listPlatformSettings',
    'getPlatform',
    'updatePlatform',
    'setPlatformApp',
    'deletePlatformApp',
  ]),
  ...together('test/api/admin/quotas.test.ts', [
    'getUserQuotas',
    'getProjectQuotas',
    'setUserQuotas',
    'setProjectQuotas',
    'getProjectUsage',
    'getMyUsage',
  ]),
  ...together('test/api/admin/users.test.ts', [
    'listUsers',
    'getUser',
    'changeUserRole',
    'deactivateUser',
    'reactivateUser',
    'signOutUser',
    'unlockUser',
    'verifyUserEmail',
    'demandNewPassword',
    'deleteUser',
  ]),
  ...together('test/api/admin/ownerless-projects.test.ts', ['listOwnerlessProjects', 'handOverProject']),
  ...together('test/api/posts/create-post.test.ts', ['getPost', 'listPosts', 'validatePost', 'cancelPost']),
  ...together('test/api/content/content.test.ts', [
    'getContent',
    'listContent',
    'listContentTitles',
    'listNewestByAuthor',
    'listHashtags',
  ]),
  ...together('test/workers/publish.test.ts', ['getPublication', 'resolvePublication', 'retryPublication', 'sweep']),
  ...together('test/workers/sync-metrics.test.ts', ['getPostAnalytics', 'refreshPostAnalytics', 'pollAnalytics']),
  ...together('test/api/auth/finish-provider-sign-in.test.ts', ['goToProvider', 'returnFromProvider']),
  beginProviderSignIn: 'test/api/auth/finish-provider-sign-in.test.ts',
  ...together('test/api/auth/identities.test.ts', [
    'beginIdentityProof',
    'linkIdentity',
    'listIdentities',
    'unlinkIdentity',
  ]),
  ...together('test/api/admin/identity-providers.test.ts', [
    'listSignInProviders',
    'listIdentityProviders',
    'getIdentityProvider',
    'createIdentityProvider',
    'updateIdentityProvider',
    'removeIdentityProvider',
  ]),
  ...together('test/api/auth/factors.test.ts', [
    'createFactor',
    'confirmFactor',
    'getFactor',
    'listFactors',
    'renameFactor',
    'removeFactor',
    'renewRecoveryCodes',
  ]),
  ...together('test/api/community/community.test.ts', [
    'getCommunityPost',
    'likeCommunityPost',
    'unlikeCommunityPost',
    'createComment',
    'listComments',
    'deleteComment',
  ]),
  ...together('test/api/community/finding.test.ts', ['listPopularPosts', 'searchCommunityPosts']),
  ...together('test/api/me/avatar.test.ts', ['createAvatar', 'deleteAvatar']),
  ...together('test/api/me/exports.test.ts', [
    'createExport',
    'getExport',
    'getExportPart',
    'listExports',
    'deleteExport',
    'exportAccount',
  ]),
  ...together('test/api/me/deletion.test.ts', ['requestDeletion', 'cancelDeletion', 'keepAccounts']),
  ...together('test/api/me/preferences.test.ts', ['getPreferences', 'updatePreferences']),
  ...together('test/api/reports/report.test.ts', [
    'createReportLink',
    'listReportLinks',
    'getReport',
    'revokeReportLink',
  ]),
};

function together(file: string, operations: readonly string[]): Record<string, string> {
  return Object.fromEntries(operations.map((operation) => [operation, file]));
}

const doors = await listDoors();
const sources = await listSources();

interface Source {
  /** From the project's folder, with slashes. */
  readonly path: string;
  readonly lines: number;
  readonly text: string;
}

async function listSources(): Promise<Source[]> {
  const found: Source[] = [];
  for (const folder of topFolders) {
    const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true });
    for (const entry of entries.filter(({ name }) => /\.[cm]?[jt]s$/.test(name))) {
      const text = await readFile(join(entry.parentPath, entry.name), 'utf8');
      const path = relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/');
      found.push({ path, text, lines: text.split('\n').length - 1 });
    }
  }
  return found;
}

const pathOf = ({ file }: Door) => relative(root, file).replaceAll('\\', '/');

test('there are five rooms, and no other top-level folder', async () => {
  const entries = await readdir(root, { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  expect(folders.filter((name) => !topFolders.includes(name) && !besides.includes(name))).toEqual([]);
  expect(folders).toEqual(expect.arrayContaining(topFolders));
});

test('every room says in a README what it is for', async () => {
  for (const folder of topFolders) {
    expect((await readFile(join(root, folder, 'README.md'), 'utf8')).length, folder).toBeGreaterThan(200);
  }
});

test('no folder has a name that holds everything', () => {
  const folders = new Set(sources.flatMap(({ path }) => dirname(path).split('/')));
  expect([...folders].filter((name) => vagueNames.includes(name))).toEqual([]);
});

test('a door’s file, its operation and its operationId are one name', async () => {
  const document: { paths: Record<string, Record<string, { operationId: string; tags: string[] }>> } = JSON.parse(
    await deriveOpenApi(),
  );
  const ids = Object.values(document.paths).flatMap((path) =>
    Object.values(path).map(({ operationId }) => operationId),
  );
  const routes = endpointsOf(doors).filter(({ contract }) => contract.method !== '$default');
  expect(ids.toSorted()).toEqual(routes.map(({ operation }) => operation).toSorted());
  for (const door of doors) {
    const kebab = door.operation.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    expect(pathOf(door)).toBe(`functions/${door.area}/${kebab}.ts`);
  }
});

test('every file under functions is a door, or the kit', () => {
  const known = new Set(doors.map(pathOf));
  const others = sources.filter(({ path }) => path.startsWith('functions/') && !known.has(path));
  expect(others.filter(({ path }) => !path.startsWith('functions/_kit/')).map(({ path }) => path)).toEqual([]);
  expect(others.length, 'the kit stays small').toBeLessThan(20);
});

test('a door that no database counts has a throttle, and no other has one', () => {
  for (const { operation, contract } of endpointsOf(doors)) {
    const counted = contract.uses.database !== undefined;
    expect([operation, contract.throttle === undefined]).toEqual([operation, counted]);
  }
});

test('no door imports a door', () => {
  for (const door of doors) {
    const text = sources.find(({ path }) => path === pathOf(door))?.text ?? '';
    const imports = [...text.matchAll(/from '(\.[^']+)'/g)].map(([, target = '']) => target);
    const allowed = /^(\.\.\/_kit\/|\.\.\/\.\.\/(shared|package\.json)|\.\/openapi\.json$)/;
    expect([pathOf(door), imports.filter((target) => !allowed.test(target))]).toEqual([pathOf(door), []]);
  }
});

test('every door has a test of its name, or is named with the test that calls it', () => {
  const paths = new Set(sources.map(({ path }) => path));
  const missing = doors.flatMap((door) => {
    const own =
      door.contract.kind === 'endpoint'
        ? `test/api/${door.area}/${door.name}.test.ts`
        : `test/workers/${door.name}.test.ts`;
    const expected = testedIn[door.operation] ?? own;
    return paths.has(expected) ? [] : [`${pathOf(door)}: ${expected}`];
  });
  expect(missing).toEqual([]);
  const needless = doors.filter(
    ({ area, name, operation }) => testedIn[operation] !== undefined && paths.has(`test/api/${area}/${name}.test.ts`),
  );
  expect(needless.map(({ operation }) => operation)).toEqual([]);
});

test('the tests of the API lie in the folders of the doors', () => {
  const areas = new Set(doors.map(({ area }) => area));
  const folders = sources.flatMap(({ path }) => /^test\/api\/([^/]+)\//.exec(path)?.[1] ?? []);
  expect(folders.filter((folder) => !areas.has(folder))).toEqual([]);
});

test('files are small', () => {
  const doorPaths = new Set(doors.map(pathOf));
  const kindOf = (path: string) => {
    if (doorPaths.has(path)) return 'door';
    return path.endsWith('.test.ts') ? 'test' : 'other';
  };
  const large = sources.filter(({ path, lines }) => lines > maxLines[kindOf(path)]);
  expect(large.map(({ path, lines }) => `${path}: ${lines}`)).toEqual([]);
});

test('lint keeps functions under 80 lines', async () => {
  expect(JSON.parse(await readFile(join(root, 'biome.json'), 'utf8'))).toMatchObject({
    linter: { rules: { complexity: { noExcessiveLinesPerFunction: { level: 'error', options: { maxLines: 80 } } } } },
  });
});
