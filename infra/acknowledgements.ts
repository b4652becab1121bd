/**
 * Every finding of cdk-nag that we live with, by resource and with the reason. What is not here fails synth;
 * what is here and no longer found fails a test.
 */
import { CfnResource, Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import type { EndpointContract } from '../functions/_kit/contract.ts';
import { objectKeysOf } from './constructs/grants.ts';
import type { Door } from './doors.ts';
import type { StageName } from './stages.ts';

interface Acknowledgement {
  readonly rule: string;
  /** End of the resource's path in the construct tree. */
  readonly resource: RegExp;
  readonly reason: string;
}

const byHand = 'Set and rotated by an operator (infra/README.md, "Secrets"): ';

const fixed: readonly Acknowledgement[] = [
  {
    rule: 'SMG4',
    resource: /-data\/(signingKeys|verificationKeys)$/,
    reason:
      'The schedule rotateKeys rotates both together: Secrets Manager would call a function for each, and swap what must overlap.',
  },
  {
    rule: 'SMG4',
    resource: /-data\/tokenKeys$/,
    reason: `${byHand}old and new keys are valid side by side, which a rotation function cannot know.`,
  },
  {
    rule: 'SMG4',
    resource: /-data\/cursorKey\/Resource$/,
    reason: `${byHand}what it signs is the place in a list, which a reader loses when the key changes.`,
  },
  {
    rule: 'SMG4',
    resource: /-data\/platformApps$/,
    reason: `${byHand}the platforms issue these in their consoles, not by an API.`,
  },
  {
    rule: 'SMG4',
    resource: /-data\/(api|worker|reporting)Role\/Resource$/,
    reason: `${byHand}a rotation function would have to live in the VPC, which holds the database alone.`,
  },
  {
    rule: 'VPC7',
    resource: /-data\/Vpc\/Resource$/,
    reason: 'Isolated subnets with no route out, a security group that lets nobody in: there is no flow to log.',
  },
  {
    rule: 'IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup]',
    resource: /-data\/Backups\/Role\/Resource$/,
    reason: 'What AWS Backup needs changes with AWS Backup: a policy of our own would fail in the night it is needed.',
  },
  {
    rule: 'SQS3',
    resource: /-queues\/missedTicks\/Resource$/,
    reason: 'It is the dead-letter queue of the schedules, which are in another stack.',
  },
];

const authReasons: Readonly<Record<EndpointContract['auth'], string>> = {
  user: 'The wrapper verifies the EdDSA token and the database the session; the gateway takes RSA alone.',
  person: 'The wrapper verifies the EdDSA token and the database the session; the gateway takes RSA alone.',
  optional: 'Anybody may read what is public; with a token the wrapper verifies it, as for every other route.',
  public: 'Public by its declaration, and in the list of public routes that the route-walking test holds.',
  page: 'A page for a browser: its path is the secret, and the database knows its hash alone.',
};

const archiveKeys = 'The bucket holds the archive alone, and its objects have no names before they exist.';
const objectKeys = 'The objects of one folder of the media bucket have no names before they exist.';

export interface Acknowledged {
  readonly rule: string;
  /** Path of the resource in the construct tree. */
  readonly path: string;
  readonly reason: string;
}

/** Acknowledges the findings below `root` and returns them. */
export function acknowledgeFindings(root: IConstruct, doors: readonly Door[], stage: StageName): Acknowledged[] {
  const acknowledgements = [...fixed, ...doors.flatMap((door) => ofDoor(door, stage))];
  const acknowledged: Acknowledged[] = [];
  for (const resource of root.node.findAll().filter((node) => CfnResource.isCfnResource(node))) {
    const { path } = resource.node;
    for (const { rule, reason } of acknowledgements.filter((one) => one.resource.test(path))) {
      Validations.of(resource).acknowledge({ id: `AwsSolutions-${rule}`, reason });
      acknowledged.push({ rule: `AwsSolutions-${rule}`, path, reason });
    }
  }
  return acknowledged;
}

function ofDoor({ area, operation, contract }: Door, stageName: StageName): Acknowledgement[] {
  const stack = contract.kind === 'endpoint' ? `area-${area}` : 'workers';
  const found: Acknowledgement[] = [];
  if (contract.kind === 'endpoint') {
    const resource = new RegExp(`-${stack}/${operation}/(Head)?Route/Resource$`);
    found.push({ rule: 'APIG4', resource, reason: authReasons[contract.auth] });
  }
  // As cdk-nag writes an ARN with references in it.
  const bucket = `arn:<AWS::Partition>:s3:::posthaste-${stageName}-media-<AWS::AccountId>-<AWS::Region>`;
  for (const keys of objectKeysOf(contract.uses)) {
    const resource = new RegExp(`-${stack}/${operation}/Role/Resource$`);
    found.push({ rule: `IAM5[Resource::${bucket}/${keys}]`, resource, reason: objectKeys });
  }
  if (contract.uses.archive === true) {
    const archive = bucket.replace('-media-', '-archive-');
    const resource = new RegExp(`-${stack}/${operation}/Role/Resource$`);
    found.push({ rule: `IAM5[Resource::${archive}/*]`, resource, reason: archiveKeys });
  }
  return found;
}
