package io.ashlar.tier.laminar;

import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.directory.FileObjectStore;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

class LaminarDefectsInDirectoryTest extends LaminarDefectsContractTest {
  @TempDir Path folder;

  @Override
  ObjectStore open() {
    return FileObjectStore.open(folder.resolve("store"));
  }
}
