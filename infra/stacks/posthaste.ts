/** All stacks of one stage, joined. Apart from the program so that tests build the same. */
import { Annotations, type App, type Stack, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { type Acknowledged, acknowledgeFindings } from '../acknowledgements.ts';
import type { FunctionSettings } from '../constructs/door-function.ts';
import type { Resources } from '../constructs/grants.ts';
import type { Door } from '../doors.ts';
import type { Settings } from '../stages.ts';
import { AlarmsStack } from './alarms.ts';
import { ApiStack } from './api.ts';
import { AreaStack } from './area.ts';
import { DataStack } from './data.ts';
import { MediaStack } from './media.ts';
import { QueuesStack } from './queues.ts';
import { StageStack } from './stage.ts';
import { WorkersStack } from './workers.ts';

export interface PosthasteProps {
  readonly settings: Settings;
  readonly doors: readonly Door[];
  readonly bundleOf: (door: Door) => string;
  readonly layerFolder: string;
}

export interface Posthaste {
  readonly stacks: readonly Stack[];
  /** The findings of cdk-nag that we live with. */
  readonly acknowledged: readonly Acknowledged[];
}

/** Adds the stacks of the stage to the app, and the checks: what they find and we do not acknowledge fails synth. */
export function addPosthaste(app: App, props: PosthasteProps): Posthaste {
  const stacks = addStacks(app, props);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  return { stacks, acknowledged: acknowledgeFindings(app, props.doors, props.settings.stage) };
}

/** Adds the stacks of the stage to the app, unchecked. */
export function addStacks(app: App, { settings, doors, bundleOf, layerFolder }: PosthasteProps): Stack[] {
  const named = (name: string): [App, string] => [app, `posthaste-${settings.stage}-${name}`];
  const workers = doors.flatMap(({ contract }) => (contract.kind === 'worker' ? [contract] : []));
  const data = new DataStack(...named('data'), { settings });
  const queues = new QueuesStack(...named('queues'), { settings, workers });
  const media = new MediaStack(...named('media'), { settings, workers, queues: queues.queues });
  // The bucket is refused while the queue's policy does not let it send; the reference orders the queue alone.
  media.addStackDependency(queues);
  const api = new ApiStack(...named('api'), { settings });
  const resources: Resources = {
    database: data.database,
    bucket: media.bucket,
    archive: media.archive,
    queues: urlsAndArns(queues),
    secretArns: data.secretArns,
    mail: mailOf(data, settings),
    publicBaseUrl: api.publicBaseUrl,
  };
  const functions: FunctionSettings = { settings, resources, bundleOf, layerFolder };
  const missedTicksArn = queues.missedTicks.queueArn;
  const workersStack = new WorkersStack(...named('workers'), { doors, functions, missedTicksArn });
  const areas = [...new Set(doors.map((door) => door.area))].filter(
    (area) => area !== 'workers' && area !== 'schedules',
  );
  const areaStacks = areas.map((area) => {
    const own = doors.filter((door) => door.area === area);
    return new AreaStack(...named(`area-${area}`), { doors: own, apiId: api.api.apiId, functions });
  });
  for (const stack of [workersStack, ...areaStacks]) stack.addStackDependency(media);
  const stage = new StageStack(...named('stage'), { settings, apiId: api.api.apiId, accessLog: api.accessLog, doors });
  for (const stack of areaStacks) stage.addStackDependency(stack);
  const alarms = new AlarmsStack(...named('alarms'), {
    settings,
    api: api.api,
    queues,
    functions: workersStack.functions,
    cluster: data.cluster,
    backupVault: data.backups?.vault,
  });
  return [data, queues, media, api, workersStack, ...areaStacks, stage, alarms];
}

function urlsAndArns({ queues }: QueuesStack): Resources['queues'] {
  const of = ({ queue }: QueuesStack['queues']['publish']) => ({ url: queue.queueUrl, arn: queue.queueArn });
  const { publish, media, metrics, export: exports } = queues;
  return { publish: of(publish), media: of(media), metrics: of(metrics), export: of(exports) };
}

function mailOf(stack: Stack, { mailFrom, stage }: Settings): Resources['mail'] {
  if (mailFrom === undefined) {
    Annotations.of(stack).addWarningV2('posthaste:mail', `Stage ${stage} sends no mail until you say -c mailFrom=…`);
  }
  const from = mailFrom ?? 'no-reply@posthaste.invalid';
  const domain = from.slice(from.lastIndexOf('@') + 1);
  return { from, identityArn: stack.formatArn({ service: 'ses', resource: 'identity', resourceName: domain }) };
}
