// The mesh as a running whole: pods with their proxies, the network between them, names, and istiod's pushes. Applications
// and load generators are put on it from outside (listen, dial); whoever owns the world steps its engine.

import { Citadel } from '../citadel/index.ts'
import { createRandomTree, Engine, type RandomTree } from '../engine/index.ts'
import type { WorkloadMetadata } from '../envoy/index.ts'
import { type Change, changeOf } from '../istiod/push/index.ts'
import {
  allocateEntryIps,
  allocatesByController,
  buildMeshSnapshot,
  declaredMetadata,
  effectiveProxyConfig,
  type MeshSnapshot,
  usesAllocated,
} from '../registry/index.ts'
import type { MeshConfig, Workload } from '../registry/types.ts'
import { defaultMeshConfig } from '../resources/index.ts'
import type { Resource } from '../resources/types.ts'
import type { Network } from '../wire/types.ts'
import type { ProxyConfiguration } from '../xds/types.ts'
import { CaptureRules } from './capture.ts'
import { MESH_WIDE, needsPush, podChange, SETTINGS, sameAs, sameObject } from './changes.ts'
import { ControlPlane, type JwksResolver, keySources } from './control-plane/index.ts'
import { expandWorkloads, localityOf, type PodFactory } from './expand.ts'
import { Fabric } from './fabric.ts'
import { jwksResolver } from './key-server-client.ts'
import { type Applications, Kubernetes, type KubernetesHost, NodePool } from './kubernetes/index.ts'
import { NameResolution } from './name-resolution.ts'
import { NodeEvents } from './node-events.ts'
import { WorldPod } from './pod.ts'
import { createProxy, identityOf, metadataOf, proxyNode, secretTtl } from './proxies.ts'
import { allocateClusterIps, ServiceTable } from './services.ts'
import type { Pod, ResourceChange, WorkloadChange, WorldOptions } from './types.ts'

/** See WorldOptions. Deterministic: equal options and calls give equal runs. */
export class World {
  readonly engine = new Engine()
  readonly tree: RandomTree
  readonly pods: Map<string, Pod> = new Map()
  readonly options: WorldOptions
  /** istiod: replicas, streams, who is in step. */
  readonly controlPlane: ControlPlane
  private readonly jwks: JwksResolver
  /** Certificates: authority, agents, clocks. */
  readonly citadel: Citadel
  /** Whoever puts applications into the pods; told of those that are born and stop during the run. */
  applications: Applications | null = null
  /** Told what `kubectl get events` would say of pods and nodes. */
  note: (what: string) => void = () => {}
  private meshConfig: MeshConfig
  private readonly fabric: Fabric
  private readonly worldPods = new Map<string, WorldPod>()
  private readonly annotations: Map<string, Readonly<Record<string, string>>>
  private readonly factory: PodFactory | null = null
  private readonly kubernetes: Kubernetes | null
  private readonly names: NameResolution
  private resources: Resource[]
  private workloads: Workload[]
  private departed: readonly Workload[] = []
  private clusterIps: Map<string, string>
  private entryIps: Map<string, readonly string[]>
  private order: number
  private nextOutside = 10
  private spans = 0
  /** Cordon, drain, loss of nodes and zones. */
  readonly nodeEvents: NodeEvents
  private readonly nodes = new NodePool(() => this.resources)
  private built: MeshSnapshot | null = null
  /** What the next one is built on. */
  private last: MeshSnapshot | null = null

  constructor(options: WorldOptions) {
    this.options = options
    this.tree = createRandomTree(options.seed)
    this.meshConfig = options.meshConfig ?? defaultMeshConfig()
    this.resources = [...options.resources]
    if (options.workloads === undefined) {
      const { injectByDefault = true } = options
      const expanded = expandWorkloads(this.resources, { injectByDefault, nodes: this.nodes })
      this.workloads = [...expanded.workloads]
      this.factory = expanded.factory
      this.annotations = expanded.annotations
      this.resources.push(...expanded.added)
    } else {
      this.workloads = [...options.workloads]
      this.annotations = new Map(options.annotations)
    }
    this.order = this.resources.reduce((most, r) => Math.max(most, r.metadata.order), 0) + 1
    this.clusterIps = allocateClusterIps(this.resources, options.clusterIps ?? new Map())
    this.entryIps = allocateEntryIps(this.resources, new Map())
    this.fabric = new Fabric(this.engine, this.tree, options.network ?? {}, this.serviceTable())
    this.names = new NameResolution({
      fixed: options.dns,
      services: () => this.fabric.services,
      pod: (name, namespace) => (this.worldPods.get(`${name}.${namespace}`) ?? this.worldPods.get(name))?.ip ?? null,
      dice: () => this.tree.stream('dns'),
    })
    const { recorder, push = {} } = options
    this.jwks = jwksResolver(this, () => this.changed([MESH_WIDE]))
    this.controlPlane = new ControlPlane(this.engine, this.tree, recorder, push, () => this.snapshot)
    this.citadel = new Citadel(
      {
        scheduler: this.engine,
        tree: this.tree,
        recorder,
        rootNamespace: this.meshConfig.rootNamespace,
        istiodUp: () => this.controlPlane.available,
      },
      this.resources,
    )
    for (const host of options.externalHosts ?? []) {
      this.addOutside(host.name, host.ip)
      this.names.addOutside(host.hosts, host.ip)
    }
    // Late: a proxy looks up the names in its clusters as soon as it has them.
    for (const workload of this.workloads) this.addPod(workload)
    this.kubernetes = this.factory === null ? null : new Kubernetes(this.kubernetesHost(this.factory))
    this.jwks.want(keySources(this.resources))
    this.nodeEvents = new NodeEvents(this, this.nodes, this.kubernetes)
  }

  /** Pod by `name.namespace` (or an external host's name). */
  pod(id: string): Pod | null {
    return this.worldPods.get(id) ?? null
  }

  /** The mesh as the API server has it now. Proxies may not have heard of it yet. */
  get snapshot(): MeshSnapshot {
    this.built ??= this.build()
    return this.built
  }

  /** Configuration that the proxy of a pod acts on; null without a proxy. */
  configuration(podId: string): ProxyConfiguration | null {
    return this.controlPlane.configuration(podId)
  }

  /** Network of a client outside the cluster. Called twice with one name it is the same client. */
  externalClient(name: string): Network {
    const known = this.worldPods.get(name)
    if (known !== undefined) return known
    return this.addOutside(name, `203.0.113.${this.nextOutside++}`)
  }

  /** Address of a name as seen from a namespace; null = no such name. */
  resolve(host: string, fromNamespace: string): string | null {
    return this.names.resolve(host, fromNamespace)
  }

  /** The same as the application in a pod sees it: a proxy that captures DNS answers for ServiceEntries. */
  resolveIn(pod: Pod, host: string): string | null {
    const namespace = pod.workload.namespace
    if (pod.node !== null && usesAllocated(pod.node, allocatesByController(this.options.featureFlags ?? {}))) {
      const known = this.snapshot.serviceDefinitions(host).find(one => this.snapshot.serviceVisible(one, namespace))
      const given = known?.addresses.length === 0 ? known.autoAllocated[0] : undefined
      if (given !== undefined) return given
    }
    return this.resolve(host, namespace)
  }

  /** Objects come, change or go; the proxies learn of it as istiod would tell them. */
  apply(change: ResourceChange): void {
    const changes: Change[] = []
    // Snapshots that were taken keep their lists.
    this.resources = [...this.resources]
    for (const gone of change.remove ?? []) {
      const known = this.resources.find(r => sameAs(r, gone))
      if (known !== undefined) changes.push(changeOf(known))
      this.resources = this.resources.filter(
        r => r.kind !== gone.kind || r.metadata.name !== gone.name || r.metadata.namespace !== gone.namespace,
      )
    }
    for (const resource of change.upsert ?? []) {
      const i = this.resources.findIndex(r => sameObject(r, resource))
      const old = this.resources[i]
      const order = old?.metadata.order ?? this.order++
      const kept = {
        ...resource,
        metadata: {
          ...resource.metadata,
          order,
          creationTimestamp: resource.metadata.creationTimestamp ?? old?.metadata.creationTimestamp ?? null,
        },
      }
      if (i >= 0) this.resources[i] = kept
      else this.resources.push(kept)
      if (old === undefined || needsPush(old, kept)) changes.push(changeOf(kept))
    }
    this.clusterIps = allocateClusterIps(this.resources, this.clusterIps)
    this.entryIps = allocateEntryIps(this.resources, this.entryIps)
    if (changes.some(({ kind }) => SETTINGS.has(kind)) && this.rereadMeshConfig()) changes.push(MESH_WIDE)
    this.jwks.want(keySources(change.upsert ?? []))
    const signer = changes.some(({ kind }) => kind === 'Secret') ? this.citadel.reload(this.resources) : null
    if (signer !== null) this.note(`istiod signs under ${signer.root} from now on`)
    this.changed(changes)
  }

  /** istiod watches its ConfigMap (pkg/config/mesh/kubemesh). True: a setting is another one now. */
  private rereadMeshConfig(): boolean {
    const next = this.options.meshConfigOf?.(this.resources) ?? this.meshConfig
    if (JSON.stringify(next) === JSON.stringify(this.meshConfig)) return false
    this.meshConfig = next
    return true
  }

  /** A pod's readiness changes, or it dies. */
  setWorkload(change: WorkloadChange): void {
    const pod = this.worldPods.get(change.id)
    if (pod === undefined) return
    if (change.killed === true) {
      pod.killed = true
      this.worldPods.delete(pod.id)
      this.pods.delete(pod.id)
      this.controlPlane.disconnect(pod.id)
      this.citadel.stop(pod.id)
      this.fabric.detach(pod)
      this.nodes.release(pod.id)
      this.workloads = this.workloads.filter(w => w !== pod.workload)
      this.remember(pod.workload)
      this.kubernetes?.lost(pod.id)
    } else {
      const { ready = pod.workload.ready, terminating = pod.workload.terminating } = change
      const next = { ...pod.workload, ready, terminating }
      this.workloads = this.workloads.map(w => (w === pod.workload ? next : w))
      pod.workload = next
    }
    this.changed([podChange(pod.workload)])
  }

  /** A new pod; its proxy asks istiod for its configuration, the others learn of it by a push. */
  addWorkload(workload: Workload): Pod {
    // Snapshots that were taken keep their lists.
    this.workloads = [...this.workloads, workload]
    this.built = null
    const pod = this.addPod(workload, true)
    this.changed([podChange(workload)])
    return pod
  }

  /** Has a Deployment or StatefulSet all the pods that it asks for, of its present template, and ready? */
  rolledOut(name: string, namespace: string): boolean {
    return this.kubernetes?.rolledOut(name, namespace) ?? true
  }

  /** The application's process in a pod exits; the kubelet starts it again. False: no controller owns such a pod. */
  crash(id: string, reason: string): boolean {
    return this.kubernetes?.crash(id, reason) ?? false
  }

  /** The network between two groups of pods, by `name.namespace`: cut (both ways), or whole again. */
  partition(a: ReadonlySet<string>, b: ReadonlySet<string>, cut: boolean): void {
    this.fabric.partition(a, b, cut)
  }

  /** One pod of each set of labels is enough. */
  private remember(gone: Workload): void {
    const labels = JSON.stringify(gone.labels)
    const others = this.departed.filter(w => w.namespace !== gone.namespace || JSON.stringify(w.labels) !== labels)
    this.departed = [...others, gone]
  }

  /** What the API server holds has changed: kube-proxy and DNS know at once, istiod's watches tell it. */
  private changed(changes: readonly Change[]): void {
    this.built = null
    this.fabric.services = this.serviceTable()
    this.controlPlane.changed(changes)
    this.kubernetes?.changed()
  }

  private kubernetesHost(factory: PodFactory): KubernetesHost {
    const world = this
    return {
      scheduler: this.engine,
      factory,
      get applications() {
        return world.applications
      },
      objects: () => this.resources,
      pod: id => this.worldPods.get(id) ?? null,
      birth: (workload, annotations) => {
        this.annotations.set(`${workload.name}.${workload.namespace}`, annotations)
        return this.addWorkload(workload)
      },
      mark: (id, state) => this.setWorkload({ id, ...state }),
      drain: id => this.worldPods.get(id)?.proxy?.live.drainInbound(),
      cutApplication: id => {
        const pod = this.worldPods.get(id)
        if (pod !== undefined) this.fabric.cutApplication(pod)
      },
      end: id => this.setWorkload({ id, killed: true }),
      note: what => this.note(what),
      webhook: () => this.controlPlane.available,
      certified: id => this.citadel.of(id).certificate !== null,
      busyWorkers: id => {
        const pod = this.worldPods.get(id)
        return pod === undefined ? 0 : (this.applications?.load(pod).busy ?? 0)
      },
      scale: (owner, replicas) => this.apply({ upsert: [{ ...owner, spec: { ...(owner.spec as object), replicas } }] }),
      nodes: this.nodes,
      schedule: (workload, placement) => {
        const { zone } = workload.locality
        if (this.nodes.all.length === 0)
          return this.nodeEvents.lostZones.has(zone) ? `no node is left in zone ${zone}` : workload
        const node = this.nodes.bind(`${workload.name}.${workload.namespace}`, placement)
        return typeof node === 'string'
          ? node
          : { ...workload, node: node.name, locality: localityOf(workload.labels, node) }
      },
      podsOn: node => [...this.worldPods.values()].filter(pod => pod.workload.node === node).map(pod => pod.id),
      darken: node => {
        const pods = [...this.worldPods.values()].filter(pod => pod.workload.node === node)
        for (const pod of pods) this.fabric.darken(pod)
        this.controlPlane.partition(new Set(pods.map(pod => pod.id)), true)
      },
    }
  }

  /** @internal Ids of streams, for observers. */
  nextSpan(): number {
    this.spans++
    return this.spans
  }

  /** @internal The workload at an address, where a proxy stands before it. */
  peerAt(ip: string): WorkloadMetadata | null {
    const pod = this.fabric.at(ip)
    return pod === undefined || pod.proxy === null ? null : metadataOf(pod.workload)
  }

  /** @internal The objects of this moment. */
  currentResources(): readonly Resource[] {
    return this.resources
  }

  private addPod(workload: Workload, born = false): WorldPod {
    const id = `${workload.name}.${workload.namespace}`
    const annotations = this.annotations.get(id) ?? {}
    const capture = new CaptureRules(annotations)
    const pod = new WorldPod(this.fabric, id, workload, annotations, capture, false)
    this.fabric.attach(pod)
    this.worldPods.set(id, pod)
    this.pods.set(id, pod)
    if (workload.sidecar || workload.gateway) {
      const config = effectiveProxyConfig(this.meshConfig, this.resources, workload, annotations)
      pod.proxy = createProxy(this, pod, this.options.recorder)
      this.citadel.start(id, identityOf(workload, this.meshConfig), secretTtl(config))
      const node = proxyNode(workload, annotations, declaredMetadata(this.meshConfig, config, annotations))
      pod.node = node
      if (born) this.controlPlane.connect(pod, node)
      else this.controlPlane.adopt(pod, node)
    }
    return pod
  }

  private addOutside(name: string, ip: string): WorldPod {
    const workload: Workload = {
      name,
      namespace: '',
      ip,
      labels: {},
      serviceAccount: '',
      containerPorts: [],
      locality: { region: '', zone: '', subzone: '' },
      ready: true,
      terminating: false,
      sidecar: false,
      gateway: false,
      node: '',
    }
    const pod = new WorldPod(this.fabric, name, workload, {}, new CaptureRules({}), true)
    this.fabric.attach(pod)
    this.worldPods.set(name, pod)
    return pod
  }

  private serviceTable(): ServiceTable {
    return new ServiceTable(this.resources, this.workloads, this.clusterIps)
  }

  private build(): MeshSnapshot {
    const { workloads, departed, resources, clusterIps, entryIps, meshConfig } = this
    const featureFlags = this.options.featureFlags ?? {}
    const fetchedKeys = this.jwks.keys
    const input = { resources, meshConfig, workloads, departed, clusterIps, entryIps, fetchedKeys, featureFlags }
    this.last = buildMeshSnapshot(input, this.last)
    return this.last
  }
}
