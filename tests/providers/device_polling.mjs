// How often a device may ask for its token. oidc-provider lets it ask as often as it likes; here
// whoever asks too soon is told to slow down, and from then on to leave 5 seconds more (RFC 8628 §3.5).
const MORE = 5; // seconds
const TIMERS_ARE_EARLY = 0.02; // seconds
export const SLOW_DOWN = { status: 400, type: 'application/json', body: '{"error":"slow_down"}' };

const now = () => performance.now() / 1000;

export class DevicePolling {
  /** `defaults`: `{interval, lifetime}`, in seconds. */
  constructor(defaults) {
    this.defaults = defaults;
    this.reset();
  }

  reset() {
    this.settings = { ...this.defaults };
    this.asked = new Map(); // device_code → {interval, at}
  }

  set(settings) {
    Object.assign(this.settings, settings);
  }

  /** A code was given out: says when it may be asked for. */
  begin(answer) {
    const { interval } = this.settings;
    this.asked.set(answer.device_code, { interval, at: now() });
    return { ...answer, interval };
  }

  /** Answers whoever asks too soon; undefined for who may ask. */
  refusal(deviceCode) {
    const last = this.asked.get(deviceCode);
    if (!last) return undefined;
    const isEarly = now() - last.at < last.interval - TIMERS_ARE_EARLY;
    last.at = now();
    if (!isEarly) return undefined;
    this.slowDown(deviceCode);
    return SLOW_DOWN;
  }

  slowDown(deviceCode) {
    const last = this.asked.get(deviceCode);
    if (last) last.interval += MORE;
  }
}
