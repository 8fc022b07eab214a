package io.ashlar.cli.command;

import io.ashlar.store.StoreConfig;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.store.local.ReadOnlyStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Option;

/** The options for opening a local store. */
public final class StoreOptions {

  /** The file that makes a folder a store. */
  public static final String DATA_FILE = "ashlar.data";

  /** A killed process's last writes may hold the lock for seconds on a slow disk. */
  private static final int LOCK_TIMEOUT_S = 10;

  private static final int LOCK_TIMEOUT_S_MAX = 86_400;

  private static final long BACK_PRESSURE_TIMEOUT_MS = 60_000;

  @Option(
      names = "--engine",
      paramLabel = "ENGINE",
      defaultValue = "auto",
      order = OutputOptions.ORDER_STORE,
      description =
          "Disk engine: auto (io_uring where the kernel allows it) or pread_pwrite. Default:"
              + " ${DEFAULT-VALUE}.")
  private StoreConfig.Engine engine = StoreConfig.Engine.AUTO;

  @Option(
      names = "--buffered",
      order = OutputOptions.ORDER_STORE + 1,
      description = "Accept a file system without direct I/O. Costs extra copies.")
  private boolean buffered;

  @Option(
      names = "--wait",
      paramLabel = "S",
      order = OutputOptions.ORDER_STORE + 2,
      description =
          "Wait at most S seconds for a store that another process has open. Default: "
              + LOCK_TIMEOUT_S
              + ".")
  private int waitSeconds = LOCK_TIMEOUT_S;

  /**
   * Opens a store that exists.
   *
   * @throws IOException if there is none in {@code folder}.
   */
  public LocalBlobStore openExisting(Path folder) throws IOException {
    requireStore(folder);
    return LocalBlobStore.builder(folder).config(config()).createIfMissing(false).open();
  }

  /**
   * Opens a store that exists to look at it.
   *
   * @throws IOException if there is none in {@code folder}.
   */
  ReadOnlyStore openReadOnly(Path folder) throws IOException {
    requireStore(folder);
    return ReadOnlyStore.open(folder, config());
  }

  private static void requireStore(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      throw new IOException(
          (Files.exists(folder) ? "not a folder: store=" : "no such store: store=")
              + folder
              + "; give the folder of a store, or make one with: ashlar put STORE PATH");
    }
    if (!Files.exists(folder.resolve(DATA_FILE))) {
      throw new IOException(
          "not a store: store="
              + folder
              + ", missing="
              + DATA_FILE
              + "; make one with: ashlar put STORE PATH");
    }
  }

  /** Opens the store in {@code folder}, and makes it first unless it exists. */
  public LocalBlobStore openOrCreate(Path folder) throws IOException {
    if (Files.exists(folder) && !Files.isDirectory(folder)) {
      throw new IOException("not a folder: store=" + folder + "; give another place for the store");
    }
    return LocalBlobStore.builder(folder).config(config()).open();
  }

  /** Returns these options as arguments, for a child process. */
  public List<String> arguments() {
    List<String> arguments = new ArrayList<>();
    arguments.add("--engine=" + engine.name().toLowerCase(Locale.ROOT));
    if (buffered) {
      arguments.add("--buffered");
    }
    arguments.add("--wait=" + waitSeconds);
    return arguments;
  }

  private StoreConfig config() {
    return StoreConfig.DEFAULTS
        .withBackPressureTimeoutMs(BACK_PRESSURE_TIMEOUT_MS)
        .withLockTimeoutMs(1_000L * Math.clamp(waitSeconds, 0, LOCK_TIMEOUT_S_MAX))
        .withEngine(engine)
        .withAllowBuffered(buffered);
  }
}
