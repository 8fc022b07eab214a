package io.ashlar.tier.object.probe;

/**
 * A store that can send a probe's requests as they are spelled. Others are asked by their {@link
 * io.ashlar.tier.object.ObjectStore} methods alone.
 */
public interface ProbedStore {
  /** {@return the requests by which a probe asks this store} This sends nothing. */
  ProbeRequests probeRequests();
}
