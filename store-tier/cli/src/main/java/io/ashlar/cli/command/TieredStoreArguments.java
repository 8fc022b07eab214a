package io.ashlar.cli.command;

import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.ObjectStores;
import io.ashlar.tier.key.FrameKeys;
import io.ashlar.tier.object.ObjectStore;
import java.io.IOException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** The first two arguments, STORE and URL, of commands that work on a store and its tier. */
final class TieredStoreArguments {
  @Mixin private StoreArgument store = new StoreArgument();
  @Mixin private KeyOptions keyOptions = new KeyOptions();

  @Parameters(index = "1", paramLabel = "URL", description = TierArgument.HELP)
  private @Nullable String url;

  /** Opens the store, which must exist. */
  LocalBlobStore openStore() throws IOException {
    return store.openExisting();
  }

  /** Opens the object store; creates a folder that does not exist. */
  ObjectStore openObjects() {
    return ObjectStores.open(Objects.requireNonNull(url));
  }

  /** Opens the object store, which must exist if it is a folder. */
  ObjectStore openExistingObjects() throws IOException {
    return TierArgument.openExisting(Objects.requireNonNull(url));
  }

  /**
   * Returns the keys that were given, or null. To be called first, so that a wrong key file changes
   * nothing.
   *
   * @throws IOException if the key file cannot be used.
   */
  @Nullable FrameKeys keys() throws IOException {
    return keyOptions.keys();
  }
}
