"""Gateway boards under the contract of all line drivers."""

import pytest

from tests.contracts import test_line_driver
from tests.contracts.gateway_rig import NOT_FOR_GATEWAYS, gateway_rig
from tests.contracts.rigs import MakeRig


class TestGateways(test_line_driver.TestLineDriver):
    @pytest.fixture
    def make_rig(self, request: pytest.FixtureRequest) -> MakeRig:
        if request.node.originalname in NOT_FOR_GATEWAYS:
            pytest.skip(NOT_FOR_GATEWAYS[request.node.originalname])
        return gateway_rig
