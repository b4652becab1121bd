/** The program that `cdk` runs: bundles the doors and describes the stacks of one stage. Needs no account and no network. */
import { App } from 'aws-cdk-lib';
import { listDoors } from './doors.ts';
import { addPosthaste } from './stacks/posthaste.ts';
import { settingsOf } from './stages.ts';
import { bundleDoors } from './tools/bundle.ts';
import { layerFolder } from './tools/layer.ts';

const app = new App();
const doors = await listDoors();
const { bundles } = await bundleDoors({ doors });
const folders = new Map(bundles.map((bundle) => [bundle.operation, bundle.folder]));
const { acknowledged } = addPosthaste(app, {
  settings: settingsOf(app),
  doors,
  bundleOf(door) {
    const folder = folders.get(door.operation);
    if (folder === undefined) throw new Error(`${door.operation} is not bundled`);
    return folder;
  },
  layerFolder,
});
app.synth();
console.error(`${doors.length} doors; ${acknowledged.length} findings of cdk-nag acknowledged, each with its reason`);
