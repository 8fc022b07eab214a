package io.ashlar.tier.laminar;

import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.object.ObjectStore;

class LaminarDefectsInMemoryTest extends LaminarDefectsContractTest {
  @Override
  ObjectStore open() {
    return new InMemoryObjectStore();
  }
}
