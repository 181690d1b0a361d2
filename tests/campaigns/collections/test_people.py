from campaigns.collections.people import same_person, same_person_in_campaign
from tests.campaigns.collections.office import Office


def test_leads_of_one_key_are_one_person_and_leads_without_stand_alone(office: Office) -> None:
    office.store.create_campaign("later", "collections", "predictive")
    office.add_leads("later", ("2125550105", "P1"), ("2125550106", ""))
    database = office.store.database
    assert same_person(database, [1, 2, 4, 6]) == {1: (1, 3, 5), 2: (2,), 4: (4,), 6: (6,)}
    assert same_person_in_campaign(database, [1, 5]) == {1: (1, 3), 5: (5,)}
    assert same_person(database, []) == {}
