import { Duration, RemovalPolicy, Size } from 'aws-cdk-lib';
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, Function as LambdaFunction, RecursiveLoop, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { Contract } from '../../functions/_kit/contract.ts';
import type { Door } from '../doors.ts';
import type { Settings } from '../stages.ts';
import { environmentFor, type Resources, statementsFor } from './grants.ts';
import { nativeLayer } from './native-layer.ts';

/** Handed to every stack that holds functions. */
export interface FunctionSettings {
  readonly settings: Settings;
  readonly resources: Resources;
  /** Folder of a door's bundle. */
  readonly bundleOf: (door: Door) => string;
  /** Folder whose `nodejs/node_modules` holds the native packages. */
  readonly layerFolder: string;
}

export interface DoorFunctionProps extends FunctionSettings {
  readonly door: Door;
  /** What the trigger needs of the role, besides what the door declares. */
  readonly trigger?: readonly PolicyStatement[];
}

/** One door on Lambda: function, log group and a role of its own that may do what the door declares. */
export class DoorFunction extends Construct {
  readonly function: LambdaFunction;
  readonly logGroup: LogGroup;
  readonly contract: Contract;

  constructor(scope: Construct, props: DoorFunctionProps) {
    const { door, settings, resources } = props;
    const { contract } = door;
    super(scope, door.operation);
    this.contract = contract;
    this.logGroup = new LogGroup(this, 'Log', {
      logGroupName: `/posthaste/${settings.stage}/${door.area}/${door.operation}`,
      retention: settings.logRetention,
      removalPolicy: settings.keepLogs ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    const writeLog = new PolicyStatement({
      actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      resources: [this.logGroup.logGroupArn],
    });
    const statements = [writeLog, ...statementsFor(contract.uses, resources), ...(props.trigger ?? [])];
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: `${door.area}/${door.operation}`,
      inlinePolicies: { Uses: new PolicyDocument({ statements }) },
    });
    this.function = new LambdaFunction(this, 'Function', {
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: 'index.handler',
      code: Code.fromAsset(props.bundleOf(door)),
      description: contract.summary.slice(0, 256),
      memorySize: contract.memory ?? 512,
      ...(contract.storageMiB !== undefined && { ephemeralStorageSize: Size.mebibytes(contract.storageMiB) }),
      timeout: Duration.seconds(timeoutOf(contract)),
      environment: { ...environmentFor(contract.uses, resources), NODE_OPTIONS: '--enable-source-maps' },
      role,
      logGroup: this.logGroup,
      layers: (contract.native ?? []).length > 0 ? [nativeLayer(this, props.layerFolder)] : [],
      // A worker that sends itself the next try would be stopped by Lambda after about 16 rounds; ours are bounded by the rows.
      ...(contract.kind === 'endpoint' ? {} : { recursiveLoop: RecursiveLoop.ALLOW }),
    });
  }
}

/** Seconds that the door may take. */
export function timeoutOf(contract: Contract): number {
  return contract.timeout ?? (contract.kind === 'endpoint' ? 29 : 60);
}
