export { AdsClient, type AdsObserver, type XdsTransport } from './ads-client.ts'
export type { ProxyOptions } from './options.ts'
export { Proxy } from './proxy.ts'
