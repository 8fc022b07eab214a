package io.ashlar.tier.follow;

import io.ashlar.store.BlobStore;
import io.ashlar.store.Epoch;
import io.ashlar.store.Snapshot;
import io.ashlar.store.VacuumListener;
import io.ashlar.store.VacuumOptions;
import io.ashlar.store.VacuumReport;
import io.ashlar.store.VerifyListener;
import io.ashlar.store.VerifyOptions;
import io.ashlar.store.VerifyReport;

/** The part of a store that a follower does not have: whatever would write is refused. */
abstract class ReadOnlyBlobStore implements BlobStore {
  /** What is followed, for messages. */
  abstract String tier();

  private UnsupportedOperationException readOnly(String what) {
    return new UnsupportedOperationException(
        what
            + " is refused: this is a read-only follower of "
            + tier()
            + "; write to the store that is tiered there, or restore it and tier that elsewhere");
  }

  /** Always throws {@link UnsupportedOperationException}: a follower does not write. */
  @Override
  public Epoch beginEpoch() {
    throw readOnly("a write");
  }

  /** Always throws {@link UnsupportedOperationException}: each checkpoint is a snapshot already. */
  @Override
  public Snapshot snapshot() {
    throw readOnly("a snapshot");
  }

  /** Always throws {@link UnsupportedOperationException}: {@link FollowerStore#refresh} instead. */
  @Override
  public void awaitDurable(long epoch) {
    throw readOnly("waiting for an epoch");
  }

  /** Always throws {@link UnsupportedOperationException}: a follower does not write. */
  @Override
  public long claimBytesMax() {
    throw readOnly("a write");
  }

  /** Always throws {@link UnsupportedOperationException}: there are no local blobs. */
  @Override
  public VerifyReport verify(VerifyOptions options, VerifyListener listener) {
    throw readOnly("verifying local blobs");
  }

  /** Always throws {@link UnsupportedOperationException}: there is no data file. */
  @Override
  public VacuumReport vacuum(VacuumOptions options, VacuumListener listener) {
    throw readOnly("a vacuum");
  }
}
