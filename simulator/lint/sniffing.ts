// SIM0608: ports whose protocol is guessed from the first bytes (istio: pilot/pkg/networking/core, protocol sniffing).
import type { Linter } from './types.ts'

export const sniffing: Linter = {
  name: 'lint.SniffedPort',
  code: 'SIM0608',
  description: 'Checks for ports whose protocol Envoy has to guess from the first bytes.',
  lint(mesh) {
    const timeout = mesh.snapshot.meshConfig.protocolDetectionTimeout
    const waits =
      timeout === undefined || timeout === '0s'
        ? 'wait for the first bytes without a limit, so that a protocol in which the server speaks first hangs'
        : `wait up to ${timeout} for the first bytes, so that a protocol in which the server speaks first starts late`
    for (const service of mesh.snapshot.services) {
      for (const [i, port] of service.ports.entries()) {
        if (port.protocol !== 'Unsupported') continue
        mesh.report(service.resource, {
          path: ['spec', 'ports', i],
          level: 'info',
          message: `the protocol of port ${port.port} is not said: proxies ${waits}; HTTP rules hold only for what is recognised as HTTP`,
          hint: 'name the port http-…, grpc-… or tcp-…, or set appProtocol',
        })
      }
    }
  },
}
