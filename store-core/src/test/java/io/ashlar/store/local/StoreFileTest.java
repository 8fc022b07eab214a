package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.disk.FaultyDisks;
import io.ashlar.uring.Errno;
import io.ashlar.uring.FaultyCalls;
import io.ashlar.uring.FaultyCalls.Fault;
import io.ashlar.uring.NativeException;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a file system refuses while a store is opened comes as a typed error that says so. */
class StoreFileTest {

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(ints = {Errno.ENOLCK, Errno.ENOSYS, Errno.EOPNOTSUPP})
  void shouldSayThatTheFileSystemHasNoLocks(int errno) {
    LocalBlobStore.builder(folder)
        .config(StoreConfig.DEFAULTS.withPoolBytes(4 << 20))
        .open()
        .close();
    FaultyCalls calls = new FaultyCalls(Fault.errno(Long.MAX_VALUE, Errno.EIO, 0));
    calls.refuseLocks(errno);
    for (boolean readOnly : new boolean[] {false, true}) {
      assertThatThrownBy(() ->
              StoreFile.open(
                  folder.resolve(StoreFile.NAME),
                  StoreConfig.DEFAULTS,
                  readOnly,
                  (path, mode, buffered) -> FaultyDisks.openFile(path, mode, calls, buffered)))
          .isInstanceOf(StoreOpenException.class)
          .hasMessageContaining("cannot lock files")
          .hasMessageContaining(Errno.name(errno))
          .hasCauseInstanceOf(NativeException.class);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {Errno.EIO, Errno.ENODEV, Errno.ESTALE})
  void shouldSayThatTheDeviceFailsRatherThanThePlace(int errno) {
    LocalBlobStore.builder(folder)
        .config(StoreConfig.DEFAULTS.withPoolBytes(4 << 20))
        .open()
        .close();
    assertThatThrownBy(() ->
            StoreFile.open(
                folder.resolve(StoreFile.NAME),
                StoreConfig.DEFAULTS,
                false,
                (path, mode, buffered) -> {
                  throw new NativeException("open", errno, "file=" + path);
                }))
        .isInstanceOf(StoreOpenException.class)
        .hasMessageContaining("check the device")
        .hasMessageContaining(Errno.name(errno));
  }
}
