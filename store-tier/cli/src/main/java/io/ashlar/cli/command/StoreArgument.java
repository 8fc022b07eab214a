package io.ashlar.cli.command;

import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.store.local.ReadOnlyStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** The first argument, STORE, and the options for opening it. */
public final class StoreArgument {
  @Mixin private StoreOptions options = new StoreOptions();

  @Parameters(index = "0", paramLabel = "STORE", description = "Folder of the store.")
  private @Nullable Path store;

  /** Returns the store's folder. */
  Path folder() {
    return Objects.requireNonNull(store);
  }

  /** Opens the store, which must exist. */
  LocalBlobStore openExisting() throws IOException {
    return options.openExisting(folder());
  }

  /** Opens the store, which must exist, to read only. */
  ReadOnlyStore openReadOnly() throws IOException {
    return options.openReadOnly(folder());
  }

  /** Opens the store, and creates it first if it does not exist. */
  public LocalBlobStore openOrCreate() throws IOException {
    return options.openOrCreate(folder());
  }
}
