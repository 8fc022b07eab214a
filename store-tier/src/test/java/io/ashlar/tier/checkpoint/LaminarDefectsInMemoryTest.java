package io.ashlar.tier.checkpoint;

import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.object.ObjectStore;

class LaminarDefectsInMemoryTest extends LaminarDefectsContractTest {
  @Override
  ObjectStore open() {
    return new InMemoryObjectStore();
  }
}
