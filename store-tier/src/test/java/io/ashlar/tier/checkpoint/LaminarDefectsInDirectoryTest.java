package io.ashlar.tier.checkpoint;

import io.ashlar.tier.object.FileObjectStore;
import io.ashlar.tier.object.ObjectStore;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

class LaminarDefectsInDirectoryTest extends LaminarDefectsContractTest {
  @TempDir Path folder;

  @Override
  ObjectStore open() {
    return FileObjectStore.open(folder.resolve("store"));
  }
}
